-- Stands before every script, after the prelude: how an invoice's record lies in the store.
--
-- In fewer bytes than in a script's hands: states are numbers; what the newest event that counts says of order, rank and
-- direction is said by its place among the events; times that are an event's own are left out (false).

local STATES = { 'waiting', 'applied', 'partly_applied', 'rejected', 'superseded', 'dropped', 'unresolved' }
local CODES = {}
for code, state in ipairs(STATES) do CODES[state] = code end
local NOTHING = {}

-- Which of its events is the newest that counts: a number, or false where it is forgotten.
local function newest_of(record)
  for n, event in ipairs(record[EVENTS]) do
    if event[E_ID] == record[NEWEST] and event[E_ORDER] == record[ORDER] and event[E_RANK] == record[RANK]
      and event[E_INVOICED] == record[PAID] then
      return n
    end
  end
  return false
end

local function unless(value, known) return value ~= known and value end

local function pack_record(record)
  local n = newest_of(record)
  local newest, places, events = record[EVENTS][n] or NOTHING, {}, {}
  for i, place in ipairs(record[PLACES]) do
    places[i] = {
      place[WORKSPACE], place[NAMED], place[FORMERLY], place[STANDS], CODES[place[STATE]] or 0, place[DONE],
      unless(place[SINCE], newest[E_ACCEPTED]), unless(place[SETTLED], newest[E_SETTLED]), place[REFUSED],
    }
  end
  for i, event in ipairs(record[EVENTS]) do
    events[i] = {
      event[E_ID], event[E_INVOICED], unless(event[E_ORDER], event[E_AT]), event[E_RANK], event[E_AT],
      event[E_ACCEPTED], CODES[event[E_STATE]], event[E_REASON], event[E_SETTLED], event[E_WANTED], event[E_LINKED],
    }
  end
  local turn = n or { record[ORDER], record[RANK], record[PAID], record[NEWEST] }
  local packed = { record[NUMBER], turn, record[REVISION], places, events }
  if record[LINKED] ~= '' or record[NAMED_BY] then packed[6], packed[7] = record[LINKED], record[NAMED_BY] end
  return cmsgpack.pack(packed)
end

local function unpack_record(packed)
  local number, turn, revision, places, events, linked, named_by = unpack(cmsgpack.unpack(packed))
  for _, event in ipairs(events) do
    event[E_ORDER], event[E_STATE] = event[E_ORDER] or event[E_AT], STATES[event[E_STATE]]
  end
  local newest = events[turn] or NOTHING
  for _, place in ipairs(places) do
    place[STATE] = STATES[place[STATE]] or ''
    place[SINCE], place[SETTLED] = place[SINCE] or newest[E_ACCEPTED], place[SETTLED] or newest[E_SETTLED]
  end
  if newest ~= NOTHING then turn = { newest[E_ORDER], newest[E_RANK], newest[E_INVOICED], newest[E_ID] } end
  return { number, turn[1], turn[2], turn[3], revision, places, events, turn[4], linked or '', named_by }
end

local function fetch(ref)
  local packed = call('GET', 'paidmark:invoice:' .. ref)
  return packed and unpack_record(packed)
end

-- Waiting work stays for as long as it takes; what is settled is remembered for `keep_invoices`.
local function keep(ref, record)
  local packed = pack_record(record)
  if waits(record) then
    call('SET', 'paidmark:invoice:' .. ref, packed)
  else
    call('SET', 'paidmark:invoice:' .. ref, packed, 'PX', KEEP_INVOICES)
  end
end
