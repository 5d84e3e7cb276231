-- Stands before the scripts that take a lease.

-- Takes the lease of a workspace that is due: compare-and-set, so that of many who try one succeeds. Asking again with
-- the same token (the first answer was lost) succeeds again.
-- Answers {1, failures in a row, parked why, parts on trial, batch size or 0} or {0}.
local function take(workspace, token, lease, at)
  local state = 'paidmark:workspace:' .. workspace
  if not held(workspace, token, at, lease) then
    local due = call('ZSCORE', 'paidmark:due', workspace)
    if not due or tonumber(due) > at then return { 0 } end
    call('ZADD', 'paidmark:due', whole(at + lease), workspace)
    call('HSET', state, 'token', token)
    bring_later(workspace, at)
  end
  local kept = call('HMGET', state, 'failures', 'parked', 'trial', 'size')
  return { 1, tonumber(kept[1] or 0), kept[2] or '', kept[3] or '', tonumber(kept[4] or 0) }
end
