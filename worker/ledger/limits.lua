-- Stands before the scripts that let calls go out: every limit that counts a call.

-- Counts a call under the limits that are written from argument `first` on (name, count and window in ms, repeated): never
-- more than `count` in any `window`. Answers 0, or the ms to wait before asking again; then nothing was counted.
local function permit(first, at)
  local wait = 0
  for i = first, #ARGV - 3, 3 do
    local oldest = call('LINDEX', 'paidmark:limit:' .. arg(i), number(i + 1) - 1)
    if oldest then wait = math.max(wait, oldest + number(i + 2) + 1 - at) end
  end
  if wait > 0 then return wait end
  for i = first, #ARGV - 3, 3 do
    local times = 'paidmark:limit:' .. arg(i)
    call('LPUSH', times, whole(at))
    call('LTRIM', times, 0, number(i + 1) - 1)
    call('PEXPIRE', times, number(i + 2) + 1)
  end
  return 0
end
