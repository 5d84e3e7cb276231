#!lua flags=allow-oom
-- Every workspace with something to do now. (One with a repair for later only is due, and has nothing to do.)
-- arguments: workspaces at most
-- Answers, each: {workspace, markings waiting, ms until somebody looks (negative: overdue), 1 if leased, failures in a
-- row, why parked, why it waits, failing since (ms ago), the oldest marking's age (ms)}.
local at = now()
local answer = {}
local due = call('ZRANGE', 'paidmark:due', 0, number(1) - 1, 'WITHSCORES')
for i = 1, #due, 2 do
  local workspace, when = due[i], tonumber(due[i + 1])
  local backlog = 'paidmark:backlog:' .. workspace
  local waiting = call('LLEN', backlog)
  if waiting > 0 then
    local kept = call('HMGET', 'paidmark:workspace:' .. workspace, 'token', 'failures', 'parked', 'reason', 'since')
    local record = fetch(call('LINDEX', backlog, 0))
    local place = record and find_place(record, workspace)
    answer[#answer + 1] = { workspace, waiting, when - at, kept[1] and when > at and 1 or 0,
      tonumber(kept[2] or 0), kept[3] or '', kept[4] or '', kept[5] and at - kept[5] or 0,
      place and at - place[SINCE] or 0 }
  end
end
return answer
