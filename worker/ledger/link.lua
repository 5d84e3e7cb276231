#!lua
-- Takes what an invoice stands for: workspaces and entries, told under its id, its number, or a name that it shows; without
-- any, what was told is withdrawn.
-- Answers {{verdict}, accepts so far, when the one before was (ms)}; the verdict is `accepted` where an invoice that was
-- paid already is marked now, or no longer, `awaits` where a payment of it awaits a person, `named` where one names its
-- entries itself, `known` where there was nothing to withdraw, else `linked`.
-- arguments: ref of the name, how far in the future an event may lie (ms), then workspace and packed entries, repeated
local name, future = arg(1), number(2)
local at = now()
local places = {}
for i = 3, #ARGV - 3, 2 do places[#places + 1] = { arg(i), arg(i + 1) } end
local withdrawn = #places == 0
local refs, verdict = { name }, 'linked'
if withdrawn then
  verdict = call('PEXPIRE', link_of(name), 0) == 1 and 'linked' or 'known'
else
  call('SET', link_of(name), cmsgpack.pack(places), 'PX', KEEP_INVOICES)
end

-- Whether an invoice names just these places.
local function names_just(record, wanted)
  local names, count = {}, 0
  for _, one in ipairs(wanted) do names[one[1]] = one[2] end
  for _, place in ipairs(record[PLACES]) do
    if place[NAMED] ~= '' then
      if names[place[WORKSPACE]] ~= place[NAMED] then return false end
      count = count + 1
    end
  end
  return count == #wanted
end

local function is_unresolved(event) return event[E_STATE] == 'unresolved' and event[E_INVOICED] end

-- The events of an invoice that now name something else: those that wait for this link, whatever their turn; else the
-- newest, if it is a payment that named nothing, or what this link said before, or of which only its turn is remembered.
-- One that awaits a person for another reason is theirs to decide, and one that was dropped is not brought back.
local function to_name(record)
  local waiting, newest = {}, nil
  for _, event in ipairs(record[EVENTS]) do
    if is_unresolved(event) and event[E_REASON] == UNLINKED .. name then waiting[#waiting + 1] = event end
    if event[E_ID] == record[NEWEST] and event[E_INVOICED] then newest = event end
  end
  if #waiting > 0 or not record[PAID] then return waiting end
  local open = not has_names(record) or (record[LINKED] == name and not names_just(record, places))
  if newest then
    if newest[E_STATE] == 'unresolved' then open = newest[E_REASON] == NAMELESS end
    return open and newest[E_STATE] ~= 'dropped' and { newest } or {}
  end
  return open and { { record[NEWEST], true, record[ORDER], record[RANK], at, at, '', '', 0, {} } } or {}
end

-- What a payment that awaits a person would name, if they say that it counts. Returns whether there is one.
local function propose(record)
  local any = false
  for _, event in ipairs(record[EVENTS]) do
    local others = event[E_REASON] == NAMELESS or event[E_REASON]:find(UNLINKED, 1, true) == 1
    if is_unresolved(event) and not others and (#event[E_WANTED] == 0 or event[E_LINKED] == name) then
      event[E_WANTED], event[E_LINKED], any = places, not withdrawn and name or nil, true
    end
  end
  return any
end

-- An invoice lets go of what the link told.
local function let_go(ref, record)
  if record[LINKED] ~= name then return false end
  local changed = rename(ref, record, {}, at, true)
  record[LINKED], record[REVISION] = '', record[REVISION] + 1
  return changed
end

-- Where there is an invoice of this id, others that show it as their number are not meant.
if not fetch(name) then
  refs = call('SMEMBERS', linked_to(name))
  table.sort(refs)
end
for _, ref in ipairs(refs) do
  local record = fetch(ref)
  local events = record and not withdrawn and to_name(record) or {}
  for _, event in ipairs(events) do
    event[E_WANTED], event[E_LINKED], event[E_REASON] = places, name, ''
    if apply(ref, record, event, at, future, true) == 'accepted' then verdict = 'accepted' end
  end
  if #events == 0 and record then
    local proposed, changed = propose(record), withdrawn and let_go(ref, record)
    if changed then index(ref, record, at, true, true) end
    if proposed or changed then
      renew_claims(record)
      keep(ref, record)
    end
    if changed then
      verdict = 'accepted'
    elseif verdict == 'linked' and proposed and not withdrawn then
      verdict = 'awaits'
    elseif verdict == 'linked' and not withdrawn and record[PAID] and has_names(record) and not names_just(record, places) then
      verdict = 'named'
    end
  end
end
count(withdrawn and 'unlinked' or 'linked')
local accepts, before = count_accepts(1, at)
return { { verdict }, accepts, before }
