#!lua flags=allow-oom
-- Writes down what became of entries: applied, refused, or still to do.
-- Clockify has no fencing, so a call may have its effect late. Two cases:
--   A worker that slept through its lease sent an old PATCH last. Under an old token nothing is settled; the present
--   wish of the entries that it sent is queued once more.
--   A call that was given up lands after a newer one that says the opposite. So what was given up is doubtful for a while;
--   if the opposite is applied meanwhile, the present wish of those entries is sent once more at the end of that while.
-- arguments: workspace, token, length of the lease (ms), packed entries of a PATCH or '', its flag (1 or 0),
--   'taken' if Clockify said so, 'doubtful' if it may have its effect or not, for how long it is doubtful (ms),
--   then, repeated: ref, revision, done, number of refusals n, n times index, reason
-- Answers 0 where the lease is lost, else 1.
local workspace, token, lease, sent, flag = arg(1), arg(2), number(3), arg(4), arg(5)
local taken, doubtful, doubt = arg(6) == 'taken', arg(6) == 'doubtful', number(7)
local backlog, state = 'paidmark:backlog:' .. workspace, 'paidmark:workspace:' .. workspace
local doubts = 'paidmark:doubtful:' .. workspace
local at = now()

-- Whoever gives a call up, it may have its effect: under an old token as well.
if doubtful then
  call('ZADD', doubts, whole(at + doubt), flag .. sent)
  call('PEXPIRE', doubts, doubt)
end

if not held(workspace, token, at, lease) then
  if sent ~= '' then
    local ref, record = new_repair(workspace, sent, at)
    queue(ref, record[PLACES][1], at)
    keep(ref, record)
  end
  return 0
end

-- Has what was taken now been said the other way round by a call that may still have its effect?
if taken and call('EXISTS', doubts) == 1 then
  call('ZREMRANGEBYSCORE', doubts, '-inf', whole(at))
  local held_doubts = call('ZRANGE', doubts, 0, -1, 'WITHSCORES')
  for i = 1, #held_doubts, 2 do
    local others = held_doubts[i]:sub(2)
    local both = without(others, without(others, sent))
    if held_doubts[i]:sub(1, 1) ~= flag and both ~= '' then
      local ref, record = new_repair(workspace, both, at)
      call('SET', 'paidmark:invoice:' .. ref, pack_record(record))
      call('ZADD', 'paidmark:later:' .. workspace, held_doubts[i + 1], ref)
    end
  end
end

-- The state that follows from a character an entry: `.` to do, `+` applied, `x` refused.
local function state_of(done)
  if done:find('.', 1, true) then return 'waiting' end
  if not done:find('x', 1, true) then return 'applied' end
  return done:find('+', 1, true) and 'partly_applied' or 'rejected'
end

local function settle(ref, record, place, done, refused)
  place[DONE] = done
  for _, refusal in ipairs(refused) do table.insert(place[REFUSED], refusal) end
  place[STATE] = state_of(done)
  if place[STATE] ~= 'waiting' then
    place[SETTLED] = at
    if place[STATE] == 'applied' then place[FORMERLY], place[DONE] = '', '' end
    call('LREM', backlog, 1, ref)
    count(place[STATE])
    sum_up(record, at)
    index(ref, record, at)
  end
  if place[STANDS] == 'as claimed' and place[STATE] ~= 'waiting' then
    call('DEL', 'paidmark:invoice:' .. ref)
    call('ZREM', 'paidmark:rejected', ref)
  else
    keep(ref, record)
  end
end

if taken then
  call('HDEL', state, 'failures', 'parked', 'reason', 'since')
end

local i = 8
while i <= #ARGV - 3 do
  local ref, revision, done, refusals, refused = arg(i), number(i + 1), arg(i + 2), number(i + 3), {}
  for n = 1, refusals do refused[n] = { number(i + 2 + 2 * n), arg(i + 3 + 2 * n) } end
  i = i + 4 + 2 * refusals
  local record = fetch(ref)
  local place = record and find_place(record, workspace)
  -- A newer event has come meanwhile: what was settled is not what is wanted now.
  if place and place[STATE] == 'waiting' and record[REVISION] == revision then
    settle(ref, record, place, done, refused)
  end
end
return 1
