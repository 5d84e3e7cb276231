#!lua
-- Keeps an authentic body that could not be decoded, as long as there is room. Answers
-- {verdict, accepts so far, when the one before was (ms)}.
-- arguments: SOURCE/DIGEST, body, bodies at most, bytes of all of them at most
local accepts, before = count_accept(now())
if call('HEXISTS', 'paidmark:undecoded', arg(1)) == 1 then
  count('known')
  return { 'known', accepts, before }
end
local bodies = call('HLEN', 'paidmark:undecoded')
if bodies == 0 then call('HSET', 'paidmark:figures', 'undecoded_bytes', 0) end
local bytes = tonumber(call('HMGET', 'paidmark:figures', 'undecoded_bytes')[1] or 0)
if bodies >= number(3) or bytes + #arg(2) > number(4) then return { 'no room', accepts, before } end
count('undecoded_bytes', #arg(2))
call('HSET', 'paidmark:undecoded', arg(1), arg(2))
count('unresolved')
return { 'unresolved', accepts, before }
