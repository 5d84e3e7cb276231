#!lua flags=allow-oom
-- Asks for one call to Clockify under every limit that counts it: never more than `count` of them in any `window`.
-- Renews the lease, so that it outlasts the call.
-- arguments: workspace, token, length of the lease (ms), then name, count and window (ms) of a limit, repeated
-- Answers 0: go on; more: wait so many ms and ask again; -1: the lease is lost.
local workspace, token, lease = arg(1), arg(2), number(3)
local at, wait = now(), 0
if not held(workspace, token, at, lease) then return -1 end
for i = 4, #ARGV - 3, 3 do
  local oldest = call('LINDEX', 'paidmark:limit:' .. arg(i), number(i + 1) - 1)
  if oldest then wait = math.max(wait, oldest + number(i + 2) + 1 - at) end
end
if wait > 0 then return wait end
for i = 4, #ARGV - 3, 3 do
  local times = 'paidmark:limit:' .. arg(i)
  call('LPUSH', times, whole(at))
  call('LTRIM', times, 0, number(i + 1) - 1)
  call('PEXPIRE', times, number(i + 2) + 1)
end
return 0
