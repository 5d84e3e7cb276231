#!lua flags=allow-oom
-- Writes the claims of what was accepted meanwhile, and reads the head of a backlog with the wishes that follow. While
-- there are claims to be written still, what depends on the claims of others is passed over: a place whose own claims
-- stand is wanted, whatever others say; anything else may turn out to be wanted by an invoice further behind.
-- arguments: workspace, token, length of the lease (ms), entries and markings to read at most, of how many entries to
--   write the claims, at least; then, where the first call shall be asked for at once, the limits that count it
-- Answers {0} where the lease is lost, or {1, 1 if there is more, 1 if there are claims to be written still, 1 if the
--   first call may be made, then ref, revision, packed entries, wishes, done, ...}.
local workspace, token, lease, most_entries, most_markings = arg(1), arg(2), number(3), number(4), number(5)
local at = now()
if not held(workspace, token, at, lease) then return { 0 } end

local unclaimed, backlog = 'paidmark:unclaimed:' .. workspace, 'paidmark:backlog:' .. workspace
local function has_waited_long(place) return place and place[SINCE] < at - RENEWED end

-- What waits lives for as long as it takes, and its claims with it. The head of a backlog is the oldest.
local oldest = fetch(call('LINDEX', backlog, 0) or '')
if oldest and has_waited_long(find_place(oldest, workspace))
  and call('SET', 'paidmark:renewed:' .. workspace, '', 'NX', 'PX', RENEWED) then
  for start = 0, call('LLEN', backlog) - 1, 1000 do
    call('RPUSH', unclaimed, unpack(call('LRANGE', backlog, start, start + 999)))
  end
end

local claimed = 0
while claimed < number(6) do
  local ref = call('LPOP', unclaimed)
  if not ref then break end
  local record = fetch(ref)
  local place = record and find_place(record, workspace)
  claimed = claimed + 1 + (place and claim_place(record, place) or 0)
  if has_waited_long(place) and record[NUMBER] > 0 then remember_number(record[NUMBER], ref) end
end

local missing = call('EXISTS', unclaimed)
local answer, entries, read = { 1, 0, missing, 0 }, 0, 0
for _, ref in ipairs(call('LRANGE', backlog, 0, most_markings - 1)) do
  if entries >= most_entries then break end
  read = read + 1
  local record = fetch(ref)
  local place = record and find_place(record, workspace)
  local depends = place and (place[STANDS] ~= true or place[FORMERLY] ~= '')
  if place and place[STATE] == 'waiting' and not (depends and missing == 1) then
    local wishes = wishes_of(place)
    entries = entries + #wishes
    for _, value in ipairs({ ref, record[REVISION], place[NAMED] .. place[FORMERLY], wishes, place[DONE] }) do
      answer[#answer + 1] = value
    end
  elseif not place or place[STATE] ~= 'waiting' then
    call('LREM', backlog, 1, ref)
    read = read - 1
  end
end
if call('LLEN', backlog) > read then answer[2] = 1 end
-- A call that is counted should be made: not where nothing is to be sent, or refused parts go first.
if entries > 0 and #ARGV - 3 > 6 and (call('HGET', 'paidmark:workspace:' .. workspace, 'trial') or '') == '' then
  if permit(7, at) == 0 then answer[4] = 1 end
end
return answer
