#!lua
-- Takes what an invoice stands for: workspaces and entries, told under its id, its number, or a name that it shows.
-- Answers {{verdict}, accepts so far, when the one before was (ms)}; the verdict is `accepted` where an invoice that was
-- paid already is marked now, `named` where one names its entries itself, else `linked`.
-- arguments: ref of the name, how far in the future an event may lie (ms), then workspace and packed entries, repeated
local name, future = arg(1), number(2)
local at = now()
local before_this, places = link_under(name), {}
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

-- The newest event of an invoice, if it is a payment that now names something: one that waits for a link, one of which
-- only its turn is remembered, or one that named what this link said before.
local function to_name(record)
  if not record[PAID] then return nil end
  for _, event in ipairs(record[EVENTS]) do
    if event[E_ID] == record[NEWEST] and event[E_INVOICED] then
      local waits = event[E_STATE] == 'unresolved' and #event[E_WANTED] == 0
        and (event[E_REASON] == NAMELESS or event[E_REASON] == UNLINKED .. name)
      if waits or (has_names(record) and before_this and names_just(record, before_this)) then return event end
      return nil
    end
  end
  if none_of_ours(record) or (before_this and names_just(record, before_this)) then
    return { record[NEWEST], true, record[ORDER], record[RANK], at, at, '', '', 0, {} }
  end
end

local refs, verdict = call('SMEMBERS', linked_to(name)), 'linked'
table.sort(refs)
table.insert(refs, 1, name)
for i, ref in ipairs(refs) do
  local record = (i == 1 or ref ~= name) and fetch(ref)
  local event = record and to_name(record)
  if event then
    event[E_WANTED], event[E_REASON] = places, ''
    if apply(ref, record, event, at, future, true) == 'accepted' then verdict = 'accepted' end
  elseif record and record[PAID] and has_names(record) and not names_just(record, places) and verdict == 'linked' then
    verdict = 'named'
  end
end
count('linked')
local accepts, before = count_accepts(1, at)
return { { verdict }, accepts, before }
