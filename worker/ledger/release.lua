#!lua flags=allow-oom
-- Gives the lease back, and says when somebody should look again: never, with the backlog empty and all claims written, in
-- one step with looking whether it is so; at once, with work left; or after a while.
-- arguments: workspace, token, wait (ms, or -1: at once), failures in a row, why parked or '', why it waits or '',
--   parts on trial, batch size or 0
-- Answers 0 where the lease is lost, 1 with work left, 2 with none.
local workspace, token, wait, failures = arg(1), arg(2), number(3), number(4)
local parked, reason, trial, size = arg(5), arg(6), arg(7), number(8)
local state = 'paidmark:workspace:' .. workspace
local at = now()
if call('HGET', state, 'token') ~= token then return 0 end

if call('LLEN', 'paidmark:backlog:' .. workspace) == 0 and call('EXISTS', 'paidmark:unclaimed:' .. workspace) == 0 then
  call('DEL', state)
  local later = call('ZRANGE', 'paidmark:later:' .. workspace, 0, 0, 'WITHSCORES')
  if later[2] then
    call('ZADD', 'paidmark:due', later[2], workspace)
  else
    call('ZREM', 'paidmark:due', workspace)
  end
  return 2
end

local since = call('HGET', state, 'since') or whole(at)
local parked_since = call('HGET', state, 'parked')
call('DEL', state)
if failures > 0 or parked ~= '' then
  call('HSET', state, 'failures', failures, 'parked', parked, 'reason', reason, 'since', since)
  if parked ~= '' and (not parked_since or parked_since == '') then count('parkings') end
elseif reason ~= '' then
  call('HSET', state, 'reason', reason)
end
if trial ~= '' then call('HSET', state, 'trial', trial) end
if size > 0 then call('HSET', state, 'size', size) end

local due = at + math.max(wait, 0)
call('ZADD', 'paidmark:due', whole(due), workspace)
if wait < 0 then ring(workspace, due) end
return 1
