#!lua flags=allow-oom
-- Every workspace with something to do.
-- arguments: workspaces at most
-- Answers, each: {workspace, markings waiting, ms until somebody looks (negative: overdue), 1 if leased, failures in a
-- row, why parked, why it waits, failing since (ms ago), the oldest marking's age (ms)}.
local at = now()
local answer = {}
local due = call('ZRANGE', 'paidmark:due', 0, number(1) - 1, 'WITHSCORES')
for i = 1, #due, 2 do
  local workspace, when = due[i], tonumber(due[i + 1])
  local kept = call('HMGET', 'paidmark:workspace:' .. workspace, 'token', 'failures', 'parked', 'reason', 'since')
  local backlog = 'paidmark:backlog:' .. workspace
  local oldest = call('LINDEX', backlog, 0)
  local record = oldest and fetch(oldest)
  local place = record and find_place(record, workspace)
  answer[#answer + 1] = { workspace, call('LLEN', backlog), when - at, kept[1] and when > at and 1 or 0,
    tonumber(kept[2] or 0), kept[3] or '', kept[4] or '', kept[5] and at - kept[5] or 0,
    place and at - place[SINCE] or 0 }
end
return answer
