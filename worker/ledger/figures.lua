#!lua flags=allow-oom
-- Counters, and what awaits a person. Answers names and numbers in turn.
local answer = call('HGETALL', 'paidmark:figures')
for _, list in ipairs({ 'unresolved', 'rejected' }) do
  call('ZREMRANGEBYSCORE', 'paidmark:' .. list, '-inf', whole(now() - KEEP_INVOICES))
  answer[#answer + 1], answer[#answer + 2] = list .. '_now', call('ZCARD', 'paidmark:' .. list)
end
answer[#answer + 1], answer[#answer + 2] = 'undecoded_now', call('HLEN', 'paidmark:undecoded')
return answer
