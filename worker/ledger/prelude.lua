-- Stands before every script: the names of keys, the shape of an invoice's record, the clock, the bell.
--
-- Only these scripts know how the ledger lies in the store. Keys, all under `paidmark:`
--   invoice:REF          the record of an invoice (below), packed; lives `keep_invoices` after its last change
--   backlog:WORKSPACE    list of REFs with something to do there, oldest first; an order of acceptance
--   unclaimed:WORKSPACE  list of REFs whose claims are still to be written: by the drain, since the door's way is short
--   renewed:WORKSPACE    stands for a while after the claims of all that waits were put up to be written anew
--   doubtful:WORKSPACE:1 sorted set token:packed entries -> until when a call that marks them may have its effect;
--                        doubtful:WORKSPACE:0 of those that unmark
--   later:WORKSPACE      sorted set REF of a repair -> when it joins the backlog
--   due                  sorted set WORKSPACE -> when somebody should look at it (ms); a lease is a due time, too
--   workspace:WORKSPACE  hash: token (of the lease), failures, parked (why), since, reason, trial, size
--   claims:WORKSPACE:N   hash entry -> numbers of the invoices that name it; a negative number no longer stands
--   numbers:N            hash number % 256 -> REF, so that a claim leads back to its invoice
--   payment:REF          REF of the invoice that a payment belongs to
--   link:REF             what an invoice of that id, number or link stands for: packed places {workspace, packed entries}
--   linked:REF           set of the REFs of invoices that show this number or link
--   unresolved, rejected sorted sets REF -> since when a person is awaited
--   limit:NAME           list of the times of the newest calls that a rate limit counts
--   undecoded            hash SOURCE/DIGEST -> an authentic body that could not be decoded
--   undecoded-since      sorted set SOURCE/DIGEST -> when that body was kept
--   workers              sorted set worker -> last sign of life
--   accepted             when the last accept was (ms): whoever finds that the store is an older one knows since when
--   figures              hash of counters
--
-- ARGV[1..3] are house rules: how long invoices and events are kept (ms), the body of a bell with `@` for the workspace.
-- arg(1) is the first argument of the script itself.

local KEEP_INVOICES, KEEP_EVENTS, BELL = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local MOST_EVENTS = 50
local DAY = 86400000
-- What waits has its claims written anew so often that they outlast the invoice, which is remembered from when it settles.
local RENEWED = math.floor(KEEP_INVOICES / 4)
local KEEP_CLAIMS = KEEP_INVOICES + RENEWED

-- An invoice's record: order, rank, direction and id of the newest event that counts; places; events.
-- LINKED: ref of the name under which what it names was told, '' where it names that itself. NAMED_BY: {order, rank, id} of
-- the event that named it, nil where that is the newest.
local NUMBER, ORDER, RANK, PAID, REVISION, PLACES, EVENTS, NEWEST, LINKED, NAMED_BY = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
-- A place: what the invoice means in one workspace. NAMED: entries it names; FORMERLY: entries to let go of.
-- STANDS: whether its claims stand (true, false, or 'as claimed': a repair, which claims nothing itself).
local WORKSPACE, NAMED, FORMERLY, STANDS, STATE, DONE, SINCE, SETTLED, REFUSED = 1, 2, 3, 4, 5, 6, 7, 8, 9
-- An event of the invoice's history. WANTED: places {workspace, entries}, kept only while it is unresolved, as LINKED is,
-- which is nil where the event names them itself.
local E_ID, E_INVOICED, E_ORDER, E_RANK, E_AT, E_ACCEPTED, E_STATE, E_REASON, E_SETTLED, E_WANTED, E_LINKED = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11

local call = redis.call

local function arg(n) return ARGV[n + 3] end
local function number(n) return tonumber(ARGV[n + 3]) end
local function whole(n) return string.format('%.0f', n) end

-- Milliseconds by the store's clock: no process' clock decides anything. The offset is for tests.
local function now()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000) + (call('GET', 'paidmark:clock-offset') or 0)
end

local function count(figure, by) return call('HINCRBY', 'paidmark:figures', figure, by or 1) end

-- Counts accepts. Answers how many there were, and when (ms) the one before these was; 0 if there was none.
local function count_accepts(accepts, at)
  local before = call('SET', 'paidmark:accepted', whole(at), 'GET')
  return count('accepts', accepts), tonumber(before or 0)
end

-- The job that rings for a workspace, as arq's enqueue_job would write it. Its id names the workspace and the due time
-- that it answers: rings for one due time are one ring.
local function ring(workspace, due)
  local id = 'drain:' .. workspace .. ':' .. whole(due)
  call('SET', 'arq:job:' .. id, (BELL:gsub('@', workspace)), 'PX', DAY)
  call('ZADD', 'arq:queue', due, id)
end

local roused = {}

-- Something is to do: ring, unless somebody looks already, will look when it is time, or has been rung for. A workspace
-- that is due later, and neither leased nor waiting for anything, only has a repair to come.
local function rouse(workspace, at)
  if roused[workspace] then return end
  roused[workspace] = true
  local due = call('ZSCORE', 'paidmark:due', workspace)
  if due and (tonumber(due) <= at or call('EXISTS', 'paidmark:workspace:' .. workspace) == 1) then return end
  call('ZADD', 'paidmark:due', whole(at), workspace)
  ring(workspace, at)
end

-- Whether `token` still holds the lease; if so, it now lasts `lease` longer.
local function held(workspace, token, at, lease)
  if call('HGET', 'paidmark:workspace:' .. workspace, 'token') ~= token then return false end
  call('ZADD', 'paidmark:due', whole(at + lease), workspace)
  return true
end

local function find_place(record, workspace)
  for _, place in ipairs(record[PLACES]) do
    if place[WORKSPACE] == workspace then return place end
  end
end

local function waits(record)
  for _, place in ipairs(record[PLACES]) do
    if place[STATE] == 'waiting' then return true end
  end
  return false
end
