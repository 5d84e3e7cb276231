#!lua flags=allow-oom
-- Asks for one call to Clockify under every limit that counts it. Renews the lease, so that it outlasts the call, and
-- writes down what the call is going to set: whoever is killed now leaves behind what may still have its effect.
-- arguments: workspace, token, length of the lease (ms), packed entries of a PATCH or '', its flag (1 or 0), for how long
--   its effect is doubtful (ms), then name, count and window (ms) of a limit, repeated
-- Answers 0: go on; more: wait so many ms and ask again; -1: the lease is lost.
local workspace, token, packed = arg(1), arg(2), arg(4)
local at = now()
if not held(workspace, token, at, number(3)) then return -1 end
if packed == '' then return permit(7, at) end
return permit_call(workspace, arg(5), token, packed, at, number(6), 7)
