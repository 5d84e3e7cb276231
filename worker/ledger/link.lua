#!lua
-- Takes what an invoice stands for: workspaces and entries, told under its id, its number, or a name that it shows.
-- Answers {{verdict}, accepts so far, when the one before was (ms)}; the verdict is `accepted` where an invoice that was
-- paid already is marked now, `named` where one names its entries itself, else `linked`.
-- arguments: ref of the name, how far in the future an event may lie (ms), then workspace and packed entries, repeated
local name, future = arg(1), number(2)
local at = now()
local places = {}
for i = 3, #ARGV - 3, 2 do places[#places + 1] = { arg(i), arg(i + 1) } end
call('SET', link_of(name), cmsgpack.pack(places), 'PX', KEEP_INVOICES)

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

-- The events of an invoice that now name something else: those that wait for this link, whatever their turn; else the
-- newest, if it is a payment that named nothing, or what this link said before, or of which only its turn is remembered.
-- One that awaits a person for another reason is theirs to decide.
local function to_name(record)
  local waiting, newest = {}, nil
  for _, event in ipairs(record[EVENTS]) do
    if event[E_STATE] == 'unresolved' and event[E_INVOICED] and event[E_REASON] == UNLINKED .. name then
      waiting[#waiting + 1] = event
    end
    if event[E_ID] == record[NEWEST] and event[E_INVOICED] then newest = event end
  end
  if #waiting > 0 or not record[PAID] then return waiting end
  local said_before = record[LINKED] == name and not names_just(record, places)
  if newest then
    local unresolved, nameless = newest[E_STATE] == 'unresolved', newest[E_REASON] == NAMELESS
    return (unresolved and nameless or not unresolved and said_before) and { newest } or {}
  end
  if none_of_ours(record) or said_before then
    return { { record[NEWEST], true, record[ORDER], record[RANK], at, at, '', '', 0, {} } }
  end
  return {}
end

-- Where there is an invoice of this id, others that show it as their number are not meant.
local refs, verdict = { name }, 'linked'
if not fetch(name) then
  refs = call('SMEMBERS', linked_to(name))
  table.sort(refs)
end
for _, ref in ipairs(refs) do
  local record = fetch(ref)
  local events = record and to_name(record) or {}
  for _, event in ipairs(events) do
    event[E_WANTED], event[E_LINKED], event[E_REASON] = places, name, ''
    if apply(ref, record, event, at, future, true) == 'accepted' then verdict = 'accepted' end
  end
  if #events == 0 and record and record[PAID] and has_names(record) and not names_just(record, places)
    and verdict == 'linked' then
    verdict = 'named'
  end
end
count('linked')
local accepts, before = count_accepts(1, at)
return { { verdict }, accepts, before }
