"""The longer proofs, run as `python -m bench NAME`. They look at Paidmark from outside, and are no part of what is installed."""
