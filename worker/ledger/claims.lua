-- Stands before every script, after the prelude: packed ids, the claims on entries, and the wishes that follow.

-- Packed ids, one by one: 12 bytes after a 0, 24 characters after a 1.
local function each(packed)
  local ids, i, n = {}, 1, #packed
  while i <= n do
    local width = packed:byte(i) == 0 and 12 or 24
    ids[#ids + 1] = packed:sub(i + 1, i + width)
    i = i + width + 1
  end
  return ids
end

local function how_many(packed)
  local count, i, n = 0, 1, #packed
  while i <= n do
    count, i = count + 1, i + (packed:byte(i) == 0 and 13 or 25)
  end
  return count
end

local function pack_ids(ids)
  local parts = {}
  for i, id in ipairs(ids) do parts[i] = (#id == 12 and '\0' or '\1') .. id end
  return table.concat(parts)
end

-- The ids of `some` that are not among `others`, both packed.
local function without(some, others)
  if some == '' or others == '' then return some end
  local out, among = {}, {}
  for _, id in ipairs(each(others)) do among[id] = true end
  for _, id in ipairs(each(some)) do
    if not among[id] then out[#out + 1] = id end
  end
  return pack_ids(out)
end

local function claims_of(workspace, id)
  local a, b = id:byte(-2, -1)
  return 'paidmark:claims:' .. workspace .. ':' .. (a % 16) * 256 + b
end

-- The wish of an entry: true while any claim on it stands.
local function wish(workspace, id)
  local value = call('HGET', claims_of(workspace, id), id)
  if not value then return false end
  for n in value:gmatch('[^,]+') do
    if n:sub(1, 1) ~= '-' then return true end
  end
  return false
end

-- Writes that the invoice of number `mine` claims the entry, or no longer does. Most entries have one invoice, ever.
local function claim(workspace, id, mine, stands)
  local hash, written = claims_of(workspace, id), stands and mine or '-' .. mine
  if call('HSETNX', hash, id, written) == 0 then
    local value, others = call('HGET', hash, id), {}
    if value ~= written then
      for n in value:gmatch('[^,]+') do
        if n ~= mine and n ~= '-' .. mine then others[#others + 1] = n end
      end
      others[#others + 1] = written
      call('HSET', hash, id, table.concat(others, ','))
    end
  end
  outlast(hash)
end

-- Writes the claims of one place. A repair claims nothing itself. Answers how many entries that were.
local function claim_place(record, place)
  if place[STANDS] == 'as claimed' then return 0 end
  local mine, named, formerly = whole(record[NUMBER]), each(place[NAMED]), each(place[FORMERLY])
  for _, id in ipairs(named) do claim(place[WORKSPACE], id, mine, place[STANDS]) end
  for _, id in ipairs(formerly) do claim(place[WORKSPACE], id, mine, false) end
  return #named + #formerly
end

local function wishes_by_claims(workspace, packed)
  local wishes = {}
  for i, id in ipairs(each(packed)) do wishes[i] = wish(workspace, id) and '1' or '0' end
  return table.concat(wishes)
end

-- A character an entry of a place, named ones first: `1` wanted invoiced, `0` not. A claim that stands is a wish.
local function wishes_of(place)
  local named = place[STANDS] == true and ('1'):rep(how_many(place[NAMED]))
    or wishes_by_claims(place[WORKSPACE], place[NAMED])
  return place[FORMERLY] == '' and named or named .. wishes_by_claims(place[WORKSPACE], place[FORMERLY])
end
