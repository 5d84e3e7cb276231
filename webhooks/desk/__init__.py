"""The desk: what a person sees of the ledger, and how they intervene. Knows no HTTP, and nothing of Clockify."""
