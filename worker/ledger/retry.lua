#!lua
-- A person brings back what awaits them on one invoice: refused entries, and events that were left unresolved. The
-- check of order is the one that every event passes.
-- arguments: ref, how far in the future an event may lie (ms), what a person has decided of events that do not say it
--   ('reversed', 'paid', or '' to leave those as they are), then workspace and packed entries, repeated: what an
--   unresolved event shall name; without them, what it named itself
-- Answers the number of markings that wait again.
local ref, future, decision = arg(1), number(2), arg(3)
local at = now()
local record = fetch(ref)
if not record then return 0 end
local wanted = {}
for i = 4, #ARGV - 3, 2 do wanted[#wanted + 1] = { arg(i), arg(i + 1) } end

-- Whether every workspace is known: a name may have come without one.
local function complete(places)
  for _, one in ipairs(places) do
    if one[1] == '' then return false end
  end
  return true
end

local moved = 0
for _, place in ipairs(record[PLACES]) do
  if place[STATE] == 'rejected' or place[STATE] == 'partly_applied' then
    local done = place[DONE]:gsub('x', '.')
    queue(ref, place, at)
    place[DONE] = done
    moved = moved + 1
  end
end
if moved > 0 then
  for _, event in ipairs(record[EVENTS]) do
    if event[E_STATE] == 'rejected' or event[E_STATE] == 'partly_applied' then event[E_STATE] = 'waiting' end
  end
  -- What was settled before is settled no more, though the news of it may come a second time.
  record[REVISION] = record[REVISION] + 1
  index(ref, record, at, true, true)
  renew_claims(record)
  keep(ref, record)
end

local function decided(event)
  if not event[E_REASON]:find('decide by hand', 1, true) then return true end
  if decision ~= '' then event[E_INVOICED] = decision == 'paid' end
  return decision ~= ''
end

for _, event in ipairs(record[EVENTS]) do
  if event[E_STATE] == 'unresolved' and decided(event) then
    if #wanted > 0 then event[E_WANTED], event[E_LINKED] = wanted, nil end
    if complete(event[E_WANTED]) then
      local cleared = #event[E_WANTED] > 0 or not event[E_INVOICED] or decision ~= ''
      if cleared or event[E_REASON] == TOO_EARLY then event[E_REASON] = '' end
      if apply(ref, record, event, at, future, true) == 'accepted' then moved = moved + 1 end
    end
  end
end
return moved
