#!lua flags=allow-oom
-- Writes down what became of entries: applied, refused, or still to do.
-- Clockify has no fencing: a worker that slept through its lease may have sent an old PATCH last. Under an old token
-- nothing is settled; the present wish of the entries that it sent is queued once more.
-- arguments: workspace, token, length of the lease (ms), packed entries of the PATCH that may have had an effect or '',
--   1 if Clockify said that it took it, then, repeated: ref, revision, done, number of refusals n, n times index, reason
-- Answers 0 where the lease is lost, else 1.
local workspace, token, lease, sent, taken = arg(1), arg(2), number(3), arg(4), arg(5) == '1'
local backlog, state = 'paidmark:backlog:' .. workspace, 'paidmark:workspace:' .. workspace
local at = now()

local function repair()
  local ref = 'repair//' .. whole(call('INCR', 'paidmark:number'))
  local record = { 0, -1, -1, false, 0, { { workspace, sent, '', 'as claimed', '', '', at, 0, {} } }, {}, '' }
  queue(ref, record[PLACES][1], at)
  keep(ref, record)
  count('repairs')
end

if not held(workspace, token, at, lease) then
  if sent ~= '' then repair() end
  return 0
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
  if record[NUMBER] == 0 and place[STATE] ~= 'waiting' then
    call('DEL', 'paidmark:invoice:' .. ref)
    call('ZREM', 'paidmark:rejected', ref)
  else
    keep(ref, record)
  end
end

if taken then
  call('HDEL', state, 'failures', 'parked', 'reason', 'since')
end

local i = 6
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
