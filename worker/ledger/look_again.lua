#!lua flags=allow-oom
-- Has workspaces looked at now. Leases are not touched: only their owner moves them. Answers how many.
-- arguments: one workspace, whatever it waits for; or '' for all that are parked or held, but not those that wait
--   after failures: a worker that starts again and again must not call again and again
local only = arg(1)
local at, moved = now(), 0
local workspaces = only ~= '' and { only } or call('ZRANGE', 'paidmark:due', 0, -1)
for _, workspace in ipairs(workspaces) do
  local state = 'paidmark:workspace:' .. workspace
  local kept = call('HMGET', state, 'token', 'parked', 'failures', 'reason')
  local token = kept[1]
  local wanted = only ~= '' or (kept[2] and kept[2] ~= '') or (kept[4] and not kept[3])
  if wanted and not token and call('ZSCORE', 'paidmark:due', workspace) then
    call('ZADD', 'paidmark:due', whole(at), workspace)
    ring(workspace, at)
    moved = moved + 1
  end
end
return moved
