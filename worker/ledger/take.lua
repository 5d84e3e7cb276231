#!lua flags=allow-oom
-- Takes the lease of a workspace, if it is due.
-- arguments: workspace, token, length of the lease (ms)
-- Answers {1, failures in a row, parked why, parts on trial, batch size or 0} or {0}.
return take(arg(1), arg(2), number(3), now())
