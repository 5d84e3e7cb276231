#!lua flags=allow-oom
-- The record of one invoice, in full.
-- arguments: ref
-- Answers {} or {places, events, ref of the link that told what it names or ''}; a place is {workspace, packed entries named, packed entries formerly named,
-- stands, state, done, since, settled, refusals {index, reason}}, an event {id, paid, order, rank, at, accepted,
-- state, reason, settled, places wanted}.
local record = fetch(arg(1))
-- Of an invoice that names nothing, nothing is shown: only that it is none of ours is known.
if not record or (#record[PLACES] == 0 and #record[EVENTS] == 0) then return {} end
for _, place in ipairs(record[PLACES]) do place[STANDS] = tostring(place[STANDS]) end
for _, event in ipairs(record[EVENTS]) do
  event[E_INVOICED] = event[E_INVOICED] and 1 or 0
  event[E_ORDER], event[E_AT], event[E_LINKED] = whole(event[E_ORDER]), whole(event[E_AT]), nil
end
return { record[PLACES], record[EVENTS], record[LINKED] }
