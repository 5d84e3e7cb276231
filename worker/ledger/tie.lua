#!lua
-- Takes the news that a payment belongs to an invoice. Answers {{verdict}, accepts so far, when the one before was (ms)}.
-- arguments: ref of the payment, ref of the invoice, how far in the future an event may lie (ms)
local at = now()
local accepts, before = count_accepts(1, at)
tie(arg(1), arg(2), at, number(3))
count('tied')
return { { 'tied' }, accepts, before }
