#!lua flags=allow-oom
-- Asks for one call to Clockify under every limit that counts it. Renews the lease, so that it outlasts the call.
-- arguments: workspace, token, length of the lease (ms), then name, count and window (ms) of a limit, repeated
-- Answers 0: go on; more: wait so many ms and ask again; -1: the lease is lost.
local at = now()
if not held(arg(1), arg(2), at, number(3)) then return -1 end
return permit(4, at)
