"""`paidmark demo`: the whole way, real from end to end, told as a short play, with the proof at the end.

A script (who bills what, and what happens to it), a stage (store, sandbox, receiver, worker), a sender that behaves as
billing systems do, a proof that looks only at the sandbox. Nothing here may know how the ledger works.
"""
