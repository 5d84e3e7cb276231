#!lua
-- Takes events, each once and with all its markings. Answers {verdicts, accepts so far, when the one before was (ms)}.
-- An event that cannot be taken has an error for its verdict, and holds up no other.
-- arguments: how far in the future an event may lie (ms), what a paid invoice without references is (verdict); then of
--   each event: packed, one after another, ref or '', ref of the payment or '', event, paid, order, rank, at (ms), why
--   unresolved or '', whether the delivery shows the invoice's references, ref of the link that it shows or '', ref of its
--   number or '', workspaces; and for each of the workspaces packed entries
local future, unreferenced = number(1), arg(2)
local at = now()

local i = 3

-- The verdict on the event that stands in argument `i`. Leaves `i` behind it and its entries, whatever becomes of it.
local function accept()
  local told, first = arg(i), i + 1
  i = first
  local ref, payment, event_id, invoiced, order, rank, happened, reason, shows, link, name, workspaces = cmsgpack.unpack(told)
  i = first + #workspaces
  local wanted, names = {}, false
  for n, workspace in ipairs(workspaces) do
    wanted[n] = { workspace, arg(first + n - 1) }
    names = names or wanted[n][2] ~= ''
  end
  if ref == '' then
    ref = call('GET', 'paidmark:payment:' .. payment)
    if not ref then
      ref, reason = payment, reason ~= '' and reason or UNTIED
    end
  end

  local record = fetch(ref)
  if not invoiced and not shows and record and none_of_ours(record) then
    -- There is nothing to take back; but what is linked from now on is paid no longer.
    if reason == '' then remember_turn(ref, record, event_id, order, rank, invoiced, happened > at + future) end
    return 'unreferenced'
  end
  for _, event in ipairs(record and record[EVENTS] or {}) do
    if event[E_ID] == event_id then return 'known' end
  end

  local linked
  if invoiced and not names then
    local told, why, under = told_for(ref, link, name)
    if told then wanted, names, linked = told, true, under end
    if reason == '' then reason = why end
  end

  local nothing_named = shows and not names and reason == ''
  if nothing_named and (unreferenced == 'counted' or not invoiced) and (not record or none_of_ours(record)) then
    -- That it is none of ours, and since when, is remembered all the same: what was paid before a reversal may come after
    -- it, and a refund that names only a payment must not wait for a person.
    remember_turn(ref, record or new_record(), event_id, order, rank, invoiced, happened > at + future)
    if payment ~= '' and payment ~= ref then tie(payment, ref, at, future) end
    return 'unreferenced'
  end

  local event = { event_id, invoiced, order, rank, happened, at, '', reason, 0, wanted, linked }
  local verdict = apply(ref, record, event, at, future, false)
  if payment ~= '' and payment ~= ref then tie(payment, ref, at, future) end
  return verdict
end

local verdicts, figures = {}, {}
while i <= #ARGV - 3 do
  local taken, verdict = pcall(accept)
  if taken then
    figures[verdict] = (figures[verdict] or 0) + 1
  elseif type(verdict) ~= 'table' then
    verdict = { err = 'ERR ' .. verdict }
  end
  verdicts[#verdicts + 1] = verdict
end
for verdict, times in pairs(figures) do count(verdict, times) end
local accepts, before = count_accepts(#verdicts, at)
return { verdicts, accepts, before }
