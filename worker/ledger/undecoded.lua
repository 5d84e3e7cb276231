#!lua
-- Keeps an authentic body that could not be decoded, as long as there is room. Answers
-- {{verdict}, accepts so far, when the one before was (ms)}.
-- arguments: SOURCE/DIGEST, body, bodies at most, bytes of all of them at most
local at = now()
local accepts, before = count_accepts(1, at)
if call('HEXISTS', 'paidmark:undecoded', arg(1)) == 1 then
  count('known')
  return { { 'known' }, accepts, before }
end
local bodies = call('HLEN', 'paidmark:undecoded')
if bodies == 0 then call('HSET', 'paidmark:figures', 'undecoded_bytes_now', 0) end
local bytes = tonumber(call('HMGET', 'paidmark:figures', 'undecoded_bytes_now')[1] or 0)
if bodies >= number(3) or bytes + #arg(2) > number(4) then return { { 'no room' }, accepts, before } end
count('undecoded_bytes_now', #arg(2))
call('HSET', 'paidmark:undecoded', arg(1), arg(2))
call('ZADD', 'paidmark:undecoded-since', whole(at), arg(1))
count('unresolved')
return { { 'unresolved' }, accepts, before }
