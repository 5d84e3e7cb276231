#!lua flags=allow-oom
-- What was told apart from events: a link by its name, or some of all of them.
-- arguments: ref of the name, or ''; then, for all of them: cursor, at most
-- Answers {} or {{ref, places {workspace, packed entries}}}; of all of them {next cursor, such pairs}.
local name, cursor, most = arg(1), arg(2), number(3)
if name ~= '' then
  local places = link_under(name)
  return places and { { name, places } } or {}
end
local found, pairs_of = call('SCAN', cursor, 'MATCH', link_of('*'), 'COUNT', most), {}
for _, key in ipairs(found[2]) do
  local ref = key:sub(#link_of('') + 1)
  pairs_of[#pairs_of + 1] = { ref, link_under(ref) or {} }
end
return { found[1], pairs_of }
