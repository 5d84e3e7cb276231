#!lua flags=allow-oom
-- Reads the head of a backlog, and writes the claims that follow, so that the wishes it answers are the present ones.
-- arguments: workspace, token, length of the lease (ms), entries and markings to read at most
-- Answers {0} where the lease is lost, or {1, 1 if there is more, then ref, revision, packed entries, wishes, done, ...}.
local workspace, token, lease, most_entries, most_markings = arg(1), arg(2), number(3), number(4), number(5)
if not held(workspace, token, now(), lease) then return { 0 } end

local backlog = 'paidmark:backlog:' .. workspace
local answer, entries, read = { 1, 0 }, 0, 0
for _, ref in ipairs(call('LRANGE', backlog, 0, most_markings - 1)) do
  if entries >= most_entries then break end
  read = read + 1
  local record = fetch(ref)
  local place = record and find_place(record, workspace)
  if place and place[STATE] == 'waiting' then
    local wishes = claim_place(record, place)
    entries = entries + #wishes
    for _, value in ipairs({ ref, record[REVISION], place[NAMED] .. place[FORMERLY], wishes, place[DONE] }) do
      answer[#answer + 1] = value
    end
  else
    call('LREM', backlog, 1, ref)
    read = read - 1
  end
end
if call('LLEN', backlog) > read then answer[2] = 1 end
return answer
