#!lua flags=allow-oom
-- A person ends a body that could not be decoded. What stays is an event without the body, under a ref of its own: that
-- it was dropped, when and why.
-- arguments: SOURCE/DIGEST, ref, digest, reason
-- Answers 1, or 0 where it is gone.
local name, ref = arg(1), arg(2)
local at = now()
local bytes = call('HSTRLEN', 'paidmark:undecoded', name)
if call('HDEL', 'paidmark:undecoded', name) == 0 then return 0 end
local kept = tonumber(call('ZSCORE', 'paidmark:undecoded-since', name) or at)
call('ZREM', 'paidmark:undecoded-since', name)
count('undecoded_bytes_now', -bytes)
count('dropped')
local record = fetch(ref) or new_record()
record[EVENTS][#record[EVENTS] + 1] = { arg(3), false, 0, 0, 0, kept, 'dropped', arg(4), at, {} }
keep(ref, record)
return 1
