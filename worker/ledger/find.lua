#!lua flags=allow-oom
-- Refs of invoices, for a person who looks.
-- arguments: by, what, at most
--   'entry' WORKSPACE:PACKED-ID · 'workspace' its backlog · 'unclaimed' WORKSPACE · 'state' unresolved or rejected · 'scan' CURSOR:PATTERN
-- Answers refs; for 'scan' the next cursor stands before them.
local by, what, most = arg(1), arg(2), number(3)
if by == 'workspace' then return call('LRANGE', 'paidmark:backlog:' .. what, 0, most - 1) end
if by == 'unclaimed' then return call('LRANGE', 'paidmark:unclaimed:' .. what, 0, most - 1) end
if by == 'state' then
  call('ZREMRANGEBYSCORE', 'paidmark:' .. what, '-inf', whole(now() - KEEP_INVOICES))
  return call('ZRANGE', 'paidmark:' .. what, 0, most - 1)
end
if by == 'entry' then
  local workspace, id = what:match('^(%w+):(.*)$')
  local value = call('HGET', claims_of(workspace, id), id)
  local refs = {}
  for n in (value or ''):gmatch('%d+') do
    refs[#refs + 1] = call('HGET', numbers_of(n), n % 256) or nil
  end
  return refs
end
local cursor, pattern = what:match('^(%d+):(.*)$')
local found = call('SCAN', cursor, 'MATCH', 'paidmark:invoice:' .. pattern, 'COUNT', most)
local answer = { found[1] }
for _, name in ipairs(found[2]) do answer[#answer + 1] = name:sub(#'paidmark:invoice:' + 1) end
return answer
