"""The commands of `paidmark`, one module a family. A command reads its arguments, asks, and shows; no rules live here."""
