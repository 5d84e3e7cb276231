#!lua flags=allow-oom
-- A worker says that it lives; those that have not said so for a while are forgotten. Answers who lives, and how many
-- ms ago they said so.
-- arguments: worker or '' to look only, forgotten after (ms)
local at = now()
if arg(1) ~= '' then
  call('ZADD', 'paidmark:workers', whole(at), arg(1))
  call('ZREMRANGEBYSCORE', 'paidmark:workers', '-inf', whole(at - number(2)))
end
local answer = {}
local workers = call('ZRANGE', 'paidmark:workers', 0, -1, 'WITHSCORES')
for i = 1, #workers, 2 do
  if at - workers[i + 1] <= number(2) then
    answer[#answer + 1], answer[#answer + 2] = workers[i], at - workers[i + 1]
  end
end
return answer
