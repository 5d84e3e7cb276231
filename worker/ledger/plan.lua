#!lua flags=allow-oom
-- Reads the head of a backlog, or what is behind all that was read, with the present wishes.
-- arguments: workspace, token, length of the lease (ms), entries and markings to read at most, of how many entries to
--   write the claims at most, 1 to read further or 0 to begin at the head
-- Answers {0} where the lease is lost, or {1, 1 if there is more, 1 if there are claims to be written still, 0, then ref,
--   revision, packed entries, wishes, done, ...}.
local workspace = arg(1)
local at = now()
if not held(workspace, arg(2), at, number(3)) then return { 0 } end
local start = number(7) == 1 and tonumber(call('HGET', 'paidmark:workspace:' .. workspace, 'read') or 0) or 0
local pending, _, more, missing = read_backlog(workspace, at, start, number(4), number(5), number(6), false)
return told(pending, more, missing, false)
