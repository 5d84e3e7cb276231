#!lua flags=allow-oom
-- A person ends what will never work on one invoice. Its claims stay as they are: the invoice is what it is, and what
-- other invoices want of the same entries is told apart from it.
-- arguments: ref, reason
-- Answers the number of markings and unresolved events that were ended.
local ref, reason = arg(1), arg(2)
local at = now()
local record = fetch(ref)
if not record then return 0 end
local open = { waiting = true, rejected = true, partly_applied = true, unresolved = true }
local ended = 0
for _, place in ipairs(record[PLACES]) do
  if open[place[STATE]] then
    if place[STATE] == 'waiting' then
      claim_place(record, place)
      call('LREM', 'paidmark:backlog:' .. place[WORKSPACE], 1, ref)
    end
    place[STATE], place[SETTLED], place[DONE], place[REFUSED] = 'dropped', at, '', {}
    ended = ended + 1
    count('dropped')
  end
end
for _, event in ipairs(record[EVENTS]) do
  if open[event[E_STATE]] then
    if event[E_STATE] == 'unresolved' then ended = ended + 1 end
    event[E_STATE], event[E_REASON], event[E_SETTLED], event[E_WANTED], event[E_LINKED] = 'dropped', reason, at, {}, nil
  end
end
record[REVISION] = record[REVISION] + 1
index(ref, record, at, true, true)
keep(ref, record)
return ended
