-- Stands before the scripts that read a backlog: its places with the present wishes, and the claims that these depend on.
--
-- A place whose own claims stand is wanted, whatever others say; the wish of any other depends on claims of other invoices,
-- perhaps of some further behind. Claims are written here, not at the door: at the latest when something depends on them,
-- which is passed over until all are written, or when there is nothing better to do.

local function has_waited_long(place, at) return place and place[SINCE] < at - RENEWED end

-- What waits lives for as long as it takes, and its claims with it. The head of a backlog is the oldest.
local function renew_old_claims(workspace, at)
  local backlog = 'paidmark:backlog:' .. workspace
  local oldest = fetch(call('LINDEX', backlog, 0) or '')
  if not oldest or not has_waited_long(find_place(oldest, workspace), at)
    or not call('SET', 'paidmark:renewed:' .. workspace, '', 'NX', 'PX', RENEWED) then
    return
  end
  for start = 0, call('LLEN', backlog) - 1, 1000 do
    call('RPUSH', 'paidmark:unclaimed:' .. workspace, unpack(call('LRANGE', backlog, start, start + 999)))
  end
end

-- Answers whether there are claims to be written still.
local function write_claims(workspace, at, most)
  local unclaimed, claimed = 'paidmark:unclaimed:' .. workspace, 0
  while claimed < most do
    local ref = call('LPOP', unclaimed)
    if not ref then return false end
    local record = fetch(ref)
    local place = record and find_place(record, workspace)
    claimed = claimed + 1 + (place and claim_place(record, place) or 0)
    if has_waited_long(place, at) and record[NUMBER] > 0 then remember_number(record[NUMBER], ref) end
  end
  return call('EXISTS', unclaimed) == 1
end

local READ_TOGETHER = 100
local function depends(place) return place[STANDS] ~= true or place[FORMERLY] ~= '' end

-- Reads places from `start` on. Answers the pending ones, how many entries they have, how many were read and are still in
-- the backlog, and whether any was passed over, claims being `missing`.
local function read_places(workspace, start, most_entries, most_markings, missing)
  local backlog = 'paidmark:backlog:' .. workspace
  local pending, entries, read, passed, n = {}, 0, 0, false, 0
  local function take_in(ref)
    local record = fetch(ref)
    local place = record and find_place(record, workspace)
    if not place or place[STATE] ~= 'waiting' then
      call('LREM', backlog, 1, ref)
      return
    end
    read = read + 1
    if missing and depends(place) then
      passed = true
      return
    end
    local wishes = wishes_of(place)
    entries = entries + #wishes
    pending[n + 1], pending[n + 2], pending[n + 3] = ref, record[REVISION], place[NAMED] .. place[FORMERLY]
    pending[n + 4], pending[n + 5] = wishes, place[DONE]
    n = n + 5
  end
  while entries < most_entries and read < most_markings do
    local refs = call('LRANGE', backlog, start + read, start + read + READ_TOGETHER - 1)
    if #refs == 0 then break end
    for _, ref in ipairs(refs) do
      take_in(ref)
      if entries >= most_entries or read >= most_markings then break end
    end
  end
  return pending, entries, read, passed
end

-- Reads from `start` on. Answers the pending places, how many entries they have, whether there is more, and whether there
-- are claims to be written still. `in_a_hurry`: what can be sent at once is worth more than claims.
local function read_backlog(workspace, at, start, most_entries, most_markings, most_claims, in_a_hurry)
  renew_old_claims(workspace, at)
  local missing = call('EXISTS', 'paidmark:unclaimed:' .. workspace) == 1
  local pending, entries, read, passed = read_places(workspace, start, most_entries, most_markings, missing)
  local something_better = entries >= most_entries or (in_a_hurry and entries > 0)
  if missing and (passed or not something_better) then
    missing = write_claims(workspace, at, most_claims)
    if passed and not missing then
      pending, entries, read = read_places(workspace, start, most_entries, most_markings, false)
    end
  end
  call('HSET', 'paidmark:workspace:' .. workspace, 'read', start + read)
  return pending, entries, call('LLEN', 'paidmark:backlog:' .. workspace) > start + read, missing
end

-- The answer to who reads: what `read_backlog` has answered, and whether the first call may be made.
local function told(pending, more, missing, permitted)
  local answer = { 1, more and 1 or 0, missing and 1 or 0, permitted and 1 or 0 }
  for i, value in ipairs(pending) do answer[4 + i] = value end
  return answer
end
