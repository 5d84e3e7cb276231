#!lua flags=allow-oom
-- Takes the lease of a workspace that is due, reads the head of its backlog and, where all of it goes into one call a flag,
-- asks for the first call: what take, plan and permit do, in one.
-- arguments: workspace, token, length of the lease (ms), entries and markings to read at most, of how many entries to
--   write the claims at most, entries that a call takes, for how long its effect is doubtful (ms), then the limits that
--   count it; without any, no call is asked for
-- Answers as take does, and, where the lease was taken, as plan does, each in an array; then the 4th of these is 1 if the
--   first call may be made.
local workspace, token = arg(1), arg(2)
local at = now()
local taken = take(workspace, token, number(3), at)
if taken[1] == 0 then return { taken } end
local limited, trial, size = #ARGV - 3 > 8, taken[4], taken[5]
local pending, entries, more, missing = read_backlog(workspace, at, 0, number(4), number(5), number(6), limited)

-- The first call that will be made of what was read: its flag and packed entries. As in the worker's tally, an entry has
-- the place in which it is named first, and the wish that is read last.
local function first_call()
  local order, wished, flag = {}, {}, '0'
  for i = 1, #pending, 5 do
    local wishes, done = pending[i + 3], pending[i + 4]
    for n, id in ipairs(each(pending[i + 2])) do
      local to_do = done == '' or done:sub(n, n) == '.'
      if to_do and not wished[id] then order[#order + 1] = id end
      if to_do or wished[id] then wished[id] = wishes:sub(n, n) end
    end
  end
  for _, id in ipairs(order) do flag = wished[id] == '1' and '1' or flag end
  local named = {}
  for _, id in ipairs(order) do
    if wished[id] == flag then named[#named + 1] = id end
  end
  return flag, pack_ids(named)
end

-- A call that is counted should be made: not where nothing is to be sent, or refused parts go first.
local permitted = false
if limited and entries > 0 and entries <= number(7) and trial == '' and size == 0 then
  local flag, packed = first_call()
  permitted = permit_call(workspace, flag, token, packed, at, number(8), 9) == 0
end
return { taken, told(pending, more, missing, permitted) }
