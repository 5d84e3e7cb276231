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

-- So much of a window may pass between a call's count and the call: windows are asked for a little wider than the limits'.
local SLACK = 0.019

-- Whether a call was counted a moment ago, under limits that are written from argument `first` on: its answer was lost, and
-- the question is repeated.
local function is_counted(first, doubtful_until, long, at)
  for i = first, #ARGV - 3, 3 do
    if at - (doubtful_until - long) > number(i + 2) * SLACK then return false end
  end
  return true
end

-- Asks for a call that is going to set entries, and writes down that it may have its effect from now on. Answers as `permit`.
local function permit_call(workspace, flag, token, packed, at, long, first)
  local doubtful_until = call('ZSCORE', doubts_of(workspace, flag), token .. ':' .. packed)
  if doubtful_until and is_counted(first, doubtful_until, long, at) then return 0 end
  local wait = permit(first, at)
  if wait == 0 then doubt(workspace, flag, token, packed, at, long) end
  return wait
end
