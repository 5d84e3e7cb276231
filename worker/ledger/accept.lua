#!lua
-- Takes one event with all its markings, once. Answers {verdict, accepts so far, when the one before was (ms)}.
-- arguments: ref or '', ref of the payment or '', event, 1 for paid or 0, order, rank, at (ms), why unresolved or '',
--   how far in the future an event may lie (ms), what a paid invoice without references is (verdict),
--   whether the delivery shows the invoice's references (1) or not (0), then workspace and packed entries, repeated
local ref, payment = arg(1), arg(2)
local event_id, invoiced, order, rank, happened = arg(3), arg(4) == '1', number(5), number(6), number(7)
local reason, future, unreferenced, shows = arg(8), number(9), arg(10), arg(11) == '1'
local wanted, names = {}, false
for i = 12, #ARGV - 3, 2 do
  wanted[#wanted + 1] = { arg(i), arg(i + 1) }
  names = names or arg(i + 1) ~= ''
end

local at = now()
local accepts, before = count_accept(at)

local function answer(verdict)
  count(verdict)
  return { verdict, accepts, before }
end

if ref == '' then
  ref = call('GET', 'paidmark:payment:' .. payment)
  if not ref then
    ref, reason = payment, reason ~= '' and reason or UNTIED
  end
end

local record = fetch(ref)
if not invoiced and not shows and reason == '' and record and none_of_ours(record) then
  return answer('unreferenced')
end
for _, event in ipairs(record and record[EVENTS] or {}) do
  if event[E_ID] == event_id then return answer('known') end
end

local nothing_named = shows and not names and reason == ''
if nothing_named and not (record and has_names(record)) then
  if unreferenced == 'counted' then
    -- That it is none of ours, and since when, is remembered all the same: what was paid before a reversal may come after
    -- it, and a refund that names only a payment must not wait for a person.
    remember_turn(ref, record or new_record(), event_id, order, rank, invoiced)
    if payment ~= '' and payment ~= ref then tie(payment, ref, at, future) end
    return answer('unreferenced')
  end
end

local event = { event_id, invoiced, order, rank, happened, at, '', reason, 0, wanted }
local verdict = apply(ref, record, event, at, future, false)
if payment ~= '' and payment ~= ref then tie(payment, ref, at, future) end
return answer(verdict)
