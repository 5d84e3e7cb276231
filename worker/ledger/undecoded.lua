#!lua
-- Keeps an authentic body that could not be decoded, as long as there is room. Answers {verdict, accepts so far}.
-- arguments: SOURCE/DIGEST, body, bodies at most
local accepts = count('accepts')
if call('HEXISTS', 'paidmark:undecoded', arg(1)) == 1 then
  count('known')
  return { 'known', accepts }
end
if call('HLEN', 'paidmark:undecoded') >= number(3) then return { 'no room', accepts } end
call('HSET', 'paidmark:undecoded', arg(1), arg(2))
count('unresolved')
return { 'unresolved', accepts }
