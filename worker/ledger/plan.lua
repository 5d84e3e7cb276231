#!lua flags=allow-oom
-- Reads the head of a backlog, or what is behind all that was read, with the present wishes. A place whose own claims
-- stand is wanted, whatever others say; the wish of any other depends on claims of other invoices, perhaps of some further
-- behind. Claims are written here, not at the door: at the latest when something depends on them, which is passed over
-- until all are written, or when there is nothing better to do.
-- arguments: workspace, token, length of the lease (ms), entries and markings to read at most, of how many entries to
--   write the claims at most, 1 to read further or 0 to begin at the head; then, where the first call shall be asked for
--   at once if all goes into one call a flag: entries that a call takes, for how long its effect is doubtful (ms), and
--   the limits that count it
-- Answers {0} where the lease is lost, or {1, 1 if there is more, 1 if there are claims to be written still, 1 if the
--   first call may be made, then ref, revision, packed entries, wishes, done, ...}.
local workspace, token, lease, most_entries, most_markings = arg(1), arg(2), number(3), number(4), number(5)
local state = 'paidmark:workspace:' .. workspace
local at = now()
if not held(workspace, token, at, lease) then return { 0 } end

local unclaimed, backlog = 'paidmark:unclaimed:' .. workspace, 'paidmark:backlog:' .. workspace
local function has_waited_long(place) return place and place[SINCE] < at - RENEWED end

-- What waits lives for as long as it takes, and its claims with it. The head of a backlog is the oldest.
local function renew_old_claims()
  local oldest = fetch(call('LINDEX', backlog, 0) or '')
  if not oldest or not has_waited_long(find_place(oldest, workspace))
    or not call('SET', 'paidmark:renewed:' .. workspace, '', 'NX', 'PX', RENEWED) then
    return
  end
  for start = 0, call('LLEN', backlog) - 1, 1000 do
    call('RPUSH', unclaimed, unpack(call('LRANGE', backlog, start, start + 999)))
  end
end

-- Answers whether there are claims to be written still.
local function write_claims(most)
  local claimed = 0
  while claimed < most do
    local ref = call('LPOP', unclaimed)
    if not ref then return false end
    local record = fetch(ref)
    local place = record and find_place(record, workspace)
    claimed = claimed + 1 + (place and claim_place(record, place) or 0)
    if has_waited_long(place) and record[NUMBER] > 0 then remember_number(record[NUMBER], ref) end
  end
  return call('EXISTS', unclaimed) == 1
end

local READ_TOGETHER = 100
local function depends(place) return place[STANDS] ~= true or place[FORMERLY] ~= '' end

-- Reads places from `start` on. Answers the pending ones, how many entries they have, how many were read and are still in
-- the backlog, and whether any was passed over, claims being `missing`.
local function read_places(start, missing)
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

renew_old_claims()
local start = number(7) == 1 and tonumber(call('HGET', state, 'read') or 0) or 0
local missing = call('EXISTS', unclaimed) == 1
local pending, entries, read, passed = read_places(start, missing)
if missing and (passed or entries < most_entries) then
  missing = write_claims(number(6))
  if passed and not missing then pending, entries, read = read_places(start, false) end
end
call('HSET', state, 'read', start + read)

-- The first call that will be made of what was read: its flag and packed entries. As in the worker's tally, an entry has
-- the place in which it is named first, and the wish that is read last.
local function first_call()
  local order, wished, flag = {}, {}, '0'
  for i = 1, #pending, 5 do
    local wishes, done = pending[i + 3], pending[i + 4]
    for n, id in ipairs(each(pending[i + 2])) do
      local to_do = done == '' or done:sub(n, n) == '.'
      if to_do and not wished[id] then order[#order + 1] = id end
      if to_do or wished[id] then wished[id] = wishes:sub(n, n) end
    end
  end
  for _, id in ipairs(order) do flag = wished[id] == '1' and '1' or flag end
  local named = {}
  for _, id in ipairs(order) do
    if wished[id] == flag then named[#named + 1] = id end
  end
  return flag, pack_ids(named)
end

-- A call that is counted should be made: not where nothing is to be sent, or refused parts go first.
local permitted = false
local kept = call('HMGET', state, 'trial', 'size')
if #ARGV - 3 > 7 and entries > 0 and entries <= number(8) and not kept[1] and not kept[2] then
  permitted = permit(10, at) == 0
  if permitted then
    local flag, packed = first_call()
    doubt(workspace, flag, token, packed, at, number(9))
  end
end

local answer = { 1, call('LLEN', backlog) > start + read and 1 or 0, missing and 1 or 0, permitted and 1 or 0 }
for i, value in ipairs(pending) do answer[4 + i] = value end
return answer
