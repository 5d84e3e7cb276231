#!lua flags=allow-oom
-- Writes down what became of entries: applied, refused, or still to do.
-- Clockify has no fencing, so a call may have its effect late. Two cases:
--   A worker that slept through its lease sent an old PATCH last. Under an old token nothing is settled; the present
--   wish of the entries that it sent is queued once more.
--   A call of which nothing was heard, or that was given up, lands after a newer one that says the opposite. So every call
--   is doubtful from before it goes out until it is known what became of it, at most for a while; if the opposite is
--   applied meanwhile, the present wish of those entries is sent once more at the end of that while.
-- arguments: workspace, token, length of the lease (ms), packed entries of a PATCH or '', its flag (1 or 0),
--   'taken' if Clockify said so, 'none' if it has no effect, 'doubtful' if it may have one, for how long that is (ms),
--   progress, packed: ref, revision, done and (index, reason) of what is refused, each; then, where the next call is asked
--   for: its packed entries, its flag, and the limits that count it
-- Answers -1 where the lease is lost; 0: go on; more: wait so many ms before the next call, and ask again.
local workspace, token, lease, sent, flag, effect = arg(1), arg(2), number(3), arg(4), arg(5), arg(6)
local backlog, state = 'paidmark:backlog:' .. workspace, 'paidmark:workspace:' .. workspace
local at = now()

-- Whoever gives a call up, it may have its effect: under an old token as well. What nobody holds was given up, and stays.
if sent ~= '' and token ~= '' then call('ZREM', doubts_of(workspace, flag), token .. ':' .. sent) end
if effect == 'doubtful' then doubt(workspace, flag, '', sent, at, number(7)) end

if not held(workspace, token, at, lease) then
  if sent ~= '' and effect ~= 'none' then
    local ref, record = new_repair(workspace, sent, at)
    queue(ref, record[PLACES][1], at)
    keep(ref, record)
  end
  return -1
end

-- Has what was taken now been said the other way round by a call that may still have its effect?
local opposite = doubts_of(workspace, flag == '1' and '0' or '1')
if effect == 'taken' and call('EXISTS', opposite) == 1 then
  call('ZREMRANGEBYSCORE', opposite, '-inf', whole(at))
  local doubts = call('ZRANGE', opposite, 0, -1, 'WITHSCORES')
  for i = 1, #doubts, 2 do
    local other = doubts[i]:sub(doubts[i]:find(':', 1, true) + 1)
    local both = without(other, without(other, sent))
    if both ~= '' then
      local ref, record = new_repair(workspace, both, at)
      call('SET', 'paidmark:invoice:' .. ref, pack_record(record))
      call('ZADD', 'paidmark:later:' .. workspace, doubts[i + 1], ref)
    end
  end
end

-- The state that follows from a character an entry: `.` to do, `+` applied, `x` refused.
local function state_of(done)
  if done:find('.', 1, true) then return 'waiting' end
  if not done:find('x', 1, true) then return 'applied' end
  return done:find('+', 1, true) and 'partly_applied' or 'rejected'
end

local settled, states = 0, {}
local function settle(ref, record, place, done, refused)
  local unresolved, rejected = awaits_a_person(record)
  place[DONE] = done
  for _, refusal in ipairs(refused) do table.insert(place[REFUSED], refusal) end
  place[STATE] = state_of(done)
  if place[STATE] ~= 'waiting' then
    place[SETTLED] = at
    if place[STATE] == 'applied' then place[FORMERLY], place[DONE] = '', '' end
    settled = settled + call('LREM', backlog, 1, ref)
    states[place[STATE]] = (states[place[STATE]] or 0) + 1
    sum_up(record, at)
    index(ref, record, at, unresolved, rejected)
  end
  if place[STANDS] == 'as claimed' and place[STATE] ~= 'waiting' then
    call('DEL', 'paidmark:invoice:' .. ref)
    call('ZREM', 'paidmark:rejected', ref)
  else
    keep(ref, record)
  end
end

if effect == 'taken' then
  call('HDEL', state, 'failures', 'parked', 'reason', 'since')
end

for _, progress in ipairs(cmsgpack.unpack(arg(8))) do
  local ref, revision, done, refused = unpack(progress)
  local record = fetch(ref)
  local place = record and find_place(record, workspace)
  -- A newer event has come meanwhile: what was settled is not what is wanted now.
  if place and place[STATE] == 'waiting' and record[REVISION] == revision then
    settle(ref, record, place, done, refused)
  end
end
for name, times in pairs(states) do count(name, times) end
if settled > 0 then call('HINCRBY', state, 'read', -settled) end
if #ARGV - 3 == 8 then return 0 end
return permit_call(workspace, arg(10), token, arg(9), at, number(7), 11)
