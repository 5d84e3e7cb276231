-- Stands before every script, after the record: what puts an invoice into a backlog, and keeps the lists in step with it.

local function numbers_of(n) return 'paidmark:numbers:' .. whole(math.floor(n / 256)) end

-- Lets what many invoices share outlast the newest of them. A script says it once of each.
local outlasting = {}
local function outlast(hash)
  if outlasting[hash] then return end
  outlasting[hash] = true
  call('PEXPIRE', hash, KEEP_CLAIMS)
end

-- A claim leads back to its invoice.
local function remember_number(n, ref)
  local hash = numbers_of(n)
  call('HSET', hash, n % 256, ref)
  outlast(hash)
end

-- A short name for an invoice that claims entries.
local function new_number(ref)
  local n = call('INCR', 'paidmark:number')
  remember_number(n, ref)
  return n
end

local function new_record() return { 0, -1, -1, false, 0, {}, {}, '', '' } end

-- Puts a place into its workspace's backlog, from the start. What waits there already keeps its turn.
local function queue(ref, place, at)
  if place[STATE] ~= 'waiting' then
    call('RPUSH', 'paidmark:backlog:' .. place[WORKSPACE], ref)
    place[SINCE] = at
  end
  call('RPUSH', 'paidmark:unclaimed:' .. place[WORKSPACE], ref)
  place[STATE], place[DONE], place[SETTLED], place[REFUSED] = 'waiting', '', 0, {}
  rouse(place[WORKSPACE], at)
end

-- A marking without an event: the present wish of some entries is sent once more.
local function new_repair(workspace, packed, at)
  local ref = 'repair//' .. whole(call('INCR', 'paidmark:number'))
  count('repairs')
  return ref, { 0, -1, -1, false, 0, { { workspace, packed, '', 'as claimed', '', '', at, 0, {} } }, {}, '', '' }
end

local function doubts_of(workspace, flag) return 'paidmark:doubtful:' .. workspace .. ':' .. flag end

-- A call may have its effect from now on, and for so long. It is told apart by the token of the lease under which it goes
-- out: the same may be on its way for one that has slept. What was given up is nobody's, and is not taken back.
-- Workers may differ in how long: none shortens what another has said.
local function doubt(workspace, flag, token, packed, at, long)
  local doubts = doubts_of(workspace, flag)
  call('ZREMRANGEBYSCORE', doubts, '-inf', whole(at))
  call('ZADD', doubts, 'GT', whole(at + long), token .. ':' .. packed)
  call('PEXPIRE', doubts, whole(call('ZRANGE', doubts, -1, -1, 'WITHSCORES')[2] - at))
end

-- Lets the repairs whose time has come join the backlog.
local function bring_later(workspace, at)
  local later = 'paidmark:later:' .. workspace
  for _, ref in ipairs(call('ZRANGEBYSCORE', later, '-inf', whole(at))) do
    local record = fetch(ref)
    if record then
      queue(ref, record[PLACES][1], at)
      keep(ref, record)
    end
    call('ZREM', later, ref)
  end
end

-- Whether any event of an invoice is unresolved, and whether any entry is refused.
local function awaits_a_person(record)
  local unresolved, rejected = false, false
  for _, event in ipairs(record[EVENTS]) do unresolved = unresolved or event[E_STATE] == 'unresolved' end
  for _, place in ipairs(record[PLACES]) do
    rejected = rejected or place[STATE] == 'rejected' or place[STATE] == 'partly_applied'
  end
  return unresolved, rejected
end

local function list(name, ref, at, awaits, may_be_listed)
  if awaits then
    call('ZADD', name, whole(at), ref)
  elseif may_be_listed then
    call('ZREM', name, ref)
  end
end

-- Keeps the two lists of what awaits a person in step with the record; they forget when it is forgotten. `unresolved` and
-- `rejected` say in which of them it may stand.
local function index(ref, record, at, unresolved, rejected)
  local unresolved_now, rejected_now = awaits_a_person(record)
  list('paidmark:unresolved', ref, at, unresolved_now, unresolved)
  list('paidmark:rejected', ref, at, rejected_now, rejected)
end

-- The newest event that made markings gets the state that its places have come to.
local function sum_up(record, at)
  if waits(record) then return end
  local seen, states = {}, 0
  for _, place in ipairs(record[PLACES]) do
    if place[STATE] ~= '' and not seen[place[STATE]] then
      seen[place[STATE]], states = true, states + 1
    end
  end
  local state = states == 1 and next(seen) or 'partly_applied'
  for _, event in ipairs(record[EVENTS]) do
    if event[E_STATE] == 'waiting' then event[E_STATE], event[E_SETTLED] = state, at end
  end
end
