-- Stands before the scripts that take events and links: what an invoice stands for, told apart from its events.
--
-- A link is told under the name of an invoice (its id, its number, or a name that it shows): workspaces and entries. It
-- counts where an event shows no entries itself, whichever comes first.

local UNLINKED = 'not linked yet: '
local NAMELESS = 'the invoice names no entries'

local function link_of(ref) return 'paidmark:link:' .. ref end
local function linked_to(ref) return 'paidmark:linked:' .. ref end

-- Places {workspace, packed entries} that were told under a name, or nil.
local function link_under(ref)
  local packed = call('GET', link_of(ref))
  return packed and cmsgpack.unpack(packed)
end

-- Remembers that an invoice goes by a name beside its id, so that what is told under it finds the invoice.
local function go_by(name, ref)
  if name == '' then return end
  call('SADD', linked_to(name), ref)
  call('PEXPIRE', linked_to(name), KEEP_INVOICES)
end

-- What was told for an invoice: under the link that it shows, or else under its id or its number. Answers places, '' and
-- that name, or nil and a reason.
local function told_for(ref, link, name)
  go_by(link, ref)
  go_by(name, ref)
  if link ~= '' then
    local places = link_under(link)
    return places, places and '' or UNLINKED .. link, link
  end
  local places = link_under(ref)
  if places or name == '' then return places, '', ref end
  return link_under(name), '', name
end
