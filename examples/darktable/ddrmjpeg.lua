-- Restores the JPEG files among the selected images of darktable, as 16-bit TIFF beside them.
--
-- Copy this file to ~/.config/darktable/lua/, and add the line `require "ddrmjpeg"` to
-- ~/.config/darktable/luarc. The lighttable then has a button "restore JPEG" in the module "actions
-- on selection". The command ddrmjpeg has to be on the PATH.

local dt = require "darktable"

local M = { flags = "--depth 16" }

-- A word that the shell takes as it is.
local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

-- Restores one image and imports the result; returns the new image, or nothing and a reason.
function M.restore(image)
  local path = image.path .. "/" .. image.filename
  local stem = path:match("^(.*)%.[jJ][pP][eEgG][gG]?$")
  if not stem then
    return nil, image.filename .. ": not a JPEG file"
  end
  local out = stem .. "_restored.tif"
  if exists(out) then
    return nil, image.filename .. ": " .. out .. " exists"
  end
  local command = "ddrmjpeg restore " .. M.flags .. " -o " .. quoted(out) .. " " .. quoted(path)
  if dt.control.execute(command) ~= 0 then
    return nil, image.filename .. ": ddrmjpeg failed; the terminal says why"
  end
  local new = dt.database.import(out)
  if not new then
    return nil, image.filename .. ": darktable does not import " .. out
  end
  new:group_with(image.group_leader)
  return new
end

local function restore_all(_, images)
  local done = 0
  for _, image in ipairs(images) do
    local new, reason = M.restore(image)
    if new then
      done = done + 1
    else
      dt.print(reason)
      dt.print_error(reason)
    end
  end
  dt.print(string.format("restored %d of %d", done, #images))
end

if dt.gui then
  dt.gui.libs.image.register_action(
    "ddrmjpeg", "restore JPEG", restore_all, "write a restored TIFF beside each JPEG file"
  )
end

return M
