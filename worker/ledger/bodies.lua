#!lua flags=allow-oom
-- The bodies that could not be decoded: what they are; or, of one, what is in it.
-- arguments: SOURCE/DIGEST, or '' for all of them
-- Answers {body}, or {} where it is gone; for all, each: {SOURCE/DIGEST, bytes, when it was kept (ms; 0: not known)}.
if arg(1) ~= '' then return { call('HGET', 'paidmark:undecoded', arg(1)) or nil } end
local answer = {}
for _, name in ipairs(call('HKEYS', 'paidmark:undecoded')) do
  local kept = call('ZSCORE', 'paidmark:undecoded-since', name)
  answer[#answer + 1] = { name, call('HSTRLEN', 'paidmark:undecoded', name), tonumber(kept or 0) }
end
return answer
