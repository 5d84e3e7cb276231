#!lua flags=allow-oom
-- Has workspaces looked at now that are parked, or wait after a failure. Leases are not touched: only their owner moves
-- them. Answers how many.
-- arguments: workspace or '' for every parked one
local only = arg(1)
local at, moved = now(), 0
local workspaces = only ~= '' and { only } or call('ZRANGE', 'paidmark:due', 0, -1)
for _, workspace in ipairs(workspaces) do
  local state = 'paidmark:workspace:' .. workspace
  local token, parked = call('HGET', state, 'token'), call('HGET', state, 'parked')
  local wanted = only ~= '' or (parked and parked ~= '')
  if wanted and not token and call('ZSCORE', 'paidmark:due', workspace) then
    call('ZADD', 'paidmark:due', whole(at), workspace)
    ring(workspace, at)
    moved = moved + 1
  end
end
return moved
