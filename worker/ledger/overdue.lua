#!lua flags=allow-oom
-- The workspaces at which somebody should look by now, and how long until the next one is (ms, -1: none in sight).
-- Writes nothing, so that work can flow out of a store that is full.
-- arguments: workspaces at most
local at = now()
local overdue = call('ZRANGEBYSCORE', 'paidmark:due', '-inf', whole(at), 'LIMIT', 0, number(1))
local next_one = call('ZRANGEBYSCORE', 'paidmark:due', '(' .. whole(at), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
return { next_one[2] and math.max(tonumber(next_one[2]) - at, 1) or -1, unpack(overdue) }
