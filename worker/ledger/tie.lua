#!lua
-- Takes the news that a payment belongs to an invoice. Answers {verdict, accepts so far}.
-- arguments: ref of the payment, ref of the invoice, how far in the future an event may lie (ms)
local accepts = count('accepts')
tie(arg(1), arg(2), now(), number(3))
count('tied')
return { 'tied', accepts }
