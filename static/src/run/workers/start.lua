-- Starts a user's program as `lua main.lua` would. workers/lua.ts runs it.
local write, fail, read, entry = _write, _fail, _read, _entry
_write, _fail, _read, _entry = nil, nil, nil, nil

local function joined(between, ...)
  local parts = table.pack(...)
  for index = 1, parts.n do parts[index] = tostring(parts[index]) end
  return table.concat(parts, between)
end

function print(...) write(joined("\t", ...) .. "\n") end
function io.write(...) write(joined("", ...)) return io.stdout end
function io.read(format)
  local line = read()
  if line == nil then return nil end
  if format == "n" or format == "*n" then return tonumber(line) end
  return line
end
function io.lines() return function() return io.read() end end

package.path = "./?.lua;./?/init.lua"
arg = { [0] = entry }
local chunk, problem = loadfile(entry)
if not chunk then
  fail("lua: " .. problem .. "\n")
  return 1
end
local is_done, text = xpcall(chunk, function(error) return debug.traceback(tostring(error), 2) end)
if not is_done then
  fail("lua: " .. text .. "\n")
  return 1
end
return 0
