-- Stands before the scripts that take events: what one event does to the record of its invoice.

local UNTIED = 'a refund of a payment that is not tied to an invoice'
local UNKNOWN = 'a reversal of an invoice that is not known'
local TOO_EARLY = 'dated in the future'

-- Only so many events, and only so old ones, are remembered. Those that a person has to look at stay.
local function forget_old_events(record, at)
  local kept, spare = {}, #record[EVENTS] - MOST_EVENTS
  for _, event in ipairs(record[EVENTS]) do
    local open = event[E_STATE] == 'unresolved' or event[E_STATE] == 'waiting'
    if open or (spare <= 0 and event[E_ACCEPTED] > at - KEEP_EVENTS) then
      kept[#kept + 1] = event
    else
      spare = spare - 1
    end
  end
  record[EVENTS] = kept
end

-- -1, 0 or 1: the event is older than, the same as, or newer than what its invoice already has. The id breaks the last
-- ties, so that the order of arrival decides nothing.
local function compare(event, record)
  local order, rank = event[E_ORDER] - record[ORDER], event[E_RANK] - record[RANK]
  local difference = order ~= 0 and order or rank
  if difference ~= 0 then return difference < 0 and -1 or 1 end
  return event[E_ID] < record[NEWEST] and -1 or event[E_ID] > record[NEWEST] and 1 or 0
end

local function turn_to(record, event_id, order, rank, paid)
  record[ORDER], record[RANK], record[PAID], record[NEWEST] = order, rank, paid, event_id
end

-- Whether all that is known of an invoice is that it names nothing.
local function none_of_ours(record) return #record[PLACES] == 0 and #record[EVENTS] == 0 end

-- Remembers of an invoice that names nothing when that was, and no more. A clock far ahead must not outvote what follows.
local function remember_turn(ref, record, event_id, order, rank, paid, early)
  if early or not none_of_ours(record) or compare({ event_id, paid, order, rank }, record) <= 0 then return end
  turn_to(record, event_id, order, rank, paid)
  call('SET', 'paidmark:invoice:' .. ref, pack_record(record), 'PX', KEEP_EVENTS)
end

-- Events that this one overtakes: unresolved ones that are not newer, and, if it has changed what is wanted, the one
-- whose markings wait.
local function overtake(record, event, changed, at)
  for _, other in ipairs(record[EVENTS]) do
    local open = (changed and other[E_STATE] == 'waiting') or
      (other[E_STATE] == 'unresolved' and compare(other, record) <= 0)
    if open and other[E_ID] ~= event[E_ID] then
      other[E_STATE], other[E_SETTLED], other[E_WANTED], other[E_LINKED] = 'superseded', at, {}, nil
    end
  end
end

-- An invoice of which anything is told is remembered anew, and its claims with it. Those of what waits the drain writes.
local function renew_claims(record)
  if record[NUMBER] > 0 then outlast(numbers_of(record[NUMBER])) end
  for _, place in ipairs(record[PLACES]) do
    if place[STATE] ~= 'waiting' then
      for _, id in ipairs(each(place[NAMED])) do outlast(claims_of(place[WORKSPACE], id)) end
    end
  end
end

-- An older `paid` has come after the reversal that nobody could place: it is placed now, and there is nothing to undo.
local function resolve_reversal(record, at)
  for _, other in ipairs(record[EVENTS]) do
    if other[E_STATE] == 'unresolved' and not other[E_INVOICED] and compare(other, record) == 0 then
      other[E_STATE], other[E_SETTLED] = 'applied', at
    end
  end
end

-- Lets the claims of every place stand or fall with the newest event. Returns whether anything is to do.
local function turn(ref, record, stands, at)
  local changed = false
  for _, place in ipairs(record[PLACES]) do
    local claims = place[NAMED] ~= ''
    if claims and place[STANDS] ~= stands then
      place[STANDS], changed = stands, true
      queue(ref, place, at)
    end
  end
  return changed
end

-- Makes the invoice name just `wanted`, which stands or does not. Returns whether that changes anything. What was never
-- marked, and does not stand, is nothing to do.
local function rename(ref, record, wanted, at, stands)
  local changed, names = false, {}
  for _, one in ipairs(wanted) do names[one[1]] = one[2] end
  for _, place in ipairs(record[PLACES]) do
    local named = names[place[WORKSPACE]] or ''
    names[place[WORKSPACE]] = nil
    if place[NAMED] ~= named or (named ~= '' and place[STANDS] ~= stands) then
      local stood = place[NAMED] ~= '' and place[STANDS]
      local idle = not stands and not stood and place[STATE] == 'applied'
      if not idle then
        local let_go = without(place[NAMED], place[FORMERLY])
        place[FORMERLY] = without(place[FORMERLY] .. let_go, named)
        queue(ref, place, at)
      end
      place[NAMED], place[STANDS], changed = named, stands, true
    end
  end
  for _, one in ipairs(wanted) do
    if names[one[1]] and one[2] ~= '' then
      if record[NUMBER] == 0 then record[NUMBER] = new_number(ref) end
      local place = { one[1], one[2], '', stands, stands and '' or 'applied', '', at, stands and 0 or at, {} }
      table.insert(record[PLACES], place)
      if stands then queue(ref, place, at) end
      changed = true
    end
  end
  return changed
end

local function remember(record, event, state, reason)
  event[E_STATE], event[E_REASON] = state, reason
  if state ~= 'unresolved' then event[E_WANTED], event[E_LINKED] = {}, nil end
  for _, other in ipairs(record[EVENTS]) do
    if other[E_ID] == event[E_ID] then return state end
  end
  table.insert(record[EVENTS], event)
  return state
end

local function has_names(record)
  for _, place in ipairs(record[PLACES]) do
    if place[NAMED] ~= '' then return true end
  end
  return false
end

-- Whether a payment of the invoice is known, though it may name nothing, or nothing that could be marked.
local function has_been_paid(record)
  for _, event in ipairs(record[EVENTS]) do
    if event[E_INVOICED] then return true end
  end
  return #record[PLACES] > 0
end

-- Acts on the newest event. Returns its verdict, and a reason where there is one.
local function act(ref, record, event, at)
  local changed
  if not event[E_INVOICED] then
    if not has_names(record) then
      if has_been_paid(record) then return 'superseded', 'nothing of it is marked' end
      return 'unresolved', UNKNOWN
    end
    changed = turn(ref, record, false, at)
  elseif #event[E_WANTED] > 0 then
    changed, record[LINKED] = rename(ref, record, event[E_WANTED], at, true), event[E_LINKED] or ''
  elseif has_names(record) then
    changed = turn(ref, record, true, at)
  elseif #record[PLACES] > 0 then
    return 'superseded', 'names nothing, as before'
  else
    return 'unresolved', NAMELESS
  end
  if changed then
    record[REVISION] = record[REVISION] + 1
    return 'waiting', ''
  end
  return 'superseded', 'says what is known already'
end

-- Which event has named what the invoice names: kept where another one is the newest.
local function remember_namer(record, event, before)
  if event[E_REASON] == '' and event[E_INVOICED] and #event[E_WANTED] > 0 then
    record[NAMED_BY] = #record[PLACES] == 0 and { event[E_ORDER], event[E_RANK], event[E_ID] } or nil
  elseif #record[PLACES] > 0 and not record[NAMED_BY] then
    record[NAMED_BY] = before
  end
end

-- Whether a person has ended something of an invoice, or has to say what its newest payment names.
local function is_a_persons(record)
  for _, place in ipairs(record[PLACES]) do
    if place[STATE] == 'dropped' then return true end
  end
  for _, event in ipairs(record[EVENTS]) do
    local open = event[E_STATE] == 'unresolved' and event[E_INVOICED] and event[E_REASON] ~= NAMELESS
    if event[E_STATE] == 'dropped' or (open and compare(event, record) == 0) then return true end
  end
  return false
end

-- A payment that is older than the newest event names what the invoice names, if no newer one has: whether that stands, the
-- newest decides, and which of them came first nothing. Returns whether anything is to mark.
local function name_late(ref, record, event, at)
  if event[E_REASON] ~= '' or #event[E_WANTED] == 0 or is_a_persons(record) then return false end
  local by = record[NAMED_BY]
  if #record[PLACES] > 0 and not by then return false end
  if by and compare(event, { [ORDER] = by[1], [RANK] = by[2], [NEWEST] = by[3] }) <= 0 then return false end
  local changed = rename(ref, record, event[E_WANTED], at, record[PAID])
  record[LINKED], record[NAMED_BY] = event[E_LINKED] or '', { event[E_ORDER], event[E_RANK], event[E_ID] }
  if changed then record[REVISION] = record[REVISION] + 1 end
  if not changed or not record[PAID] then return false end
  for _, other in ipairs(record[EVENTS]) do
    if other[E_STATE] == 'waiting' or (other[E_STATE] == 'unresolved' and other[E_REASON] == NAMELESS) then
      other[E_STATE], other[E_SETTLED], other[E_WANTED], other[E_LINKED] = 'superseded', at, {}, nil
    end
  end
  return true
end

-- Why an event moves nothing, or ''. Times are the source's; a clock far ahead must not outvote all that follows.
-- A reason of the event's own is kept before one that time takes away: it says what a person has to decide.
local function standstill(event, at, future)
  local when = event[E_AT] > at + future and TOO_EARLY
    or event[E_AT] < at - KEEP_INVOICES and 'older than what is remembered of invoices' or ''
  if event[E_REASON] ~= '' and (when ~= '' or not event[E_INVOICED]) then return event[E_REASON] end
  return when
end

-- What `event` does to the invoice at `ref`: writes the record and returns the verdict. `again` is for an event that
-- the record holds already, and a person or a late link brings back: it passes the same check of order.
local function apply(ref, record, event, at, future, again)
  local new = not record
  if new then record = new_record() end
  local order = compare(event, record)
  local verdict, reason = 'unresolved', standstill(event, at, future)
  if order < 0 or (order == 0 and not again) then
    local late = event[E_INVOICED] and order < 0 and reason == '' and name_late(ref, record, event, at)
    verdict, reason = late and 'waiting' or 'superseded', ''
    if event[E_INVOICED] then resolve_reversal(record, at) end
  elseif reason == '' then
    local before = { record[ORDER], record[RANK], record[NEWEST] }
    turn_to(record, event[E_ID], event[E_ORDER], event[E_RANK], event[E_INVOICED])
    if event[E_REASON] == '' then
      verdict, reason = act(ref, record, event, at)
    else
      reason = event[E_REASON]
    end
    remember_namer(record, event, before)
    overtake(record, event, verdict == 'waiting', at)
  end
  if not new then renew_claims(record) end
  remember(record, event, verdict, reason)
  forget_old_events(record, at)
  sum_up(record, at)
  index(ref, record, at, not new, not new)
  keep(ref, record)
  return verdict == 'waiting' and 'accepted' or verdict
end

-- Whether an event takes back an invoice of which all that is known is that it names nothing: there is nothing to do.
local function takes_nothing_back(event, record)
  return not event[E_INVOICED] and record and none_of_ours(record)
end

-- Remembers which invoice a payment belongs to, and places the refunds that came before that was known.
local function tie(payment, ref, at, future)
  call('SET', 'paidmark:payment:' .. payment, ref, 'PX', KEEP_INVOICES)
  local untied = fetch(payment)
  -- A person may have named entries for the payment: then it stands on its own.
  if not untied or #untied[PLACES] > 0 then return end
  for _, event in ipairs(untied[EVENTS]) do
    local record = fetch(ref)
    if event[E_STATE] ~= 'unresolved' then
      -- A person has ended it: it must be known there, too, or the next delivery of it would count.
      record = record or new_record()
      remember(record, event, event[E_STATE], event[E_REASON])
      keep(ref, record)
    else
      if event[E_REASON] == UNTIED or event[E_REASON] == UNKNOWN then event[E_REASON] = '' end
      if takes_nothing_back(event, record) then
        if event[E_REASON] == '' then
          remember_turn(ref, record, event[E_ID], event[E_ORDER], event[E_RANK], false, event[E_AT] > at + future)
        end
        count('unreferenced')
      else
        apply(ref, record, event, at, future, false)
      end
    end
  end
  call('DEL', 'paidmark:invoice:' .. payment)
  call('ZREM', 'paidmark:unresolved', payment)
end
