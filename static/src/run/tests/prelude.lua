-- Runs the tests of a file of assertions in Lua. programs.ts puts it between the file of the user
-- and the assertions, which get `test`.
local _tests = {}
local function test(name, action) _tests[#_tests + 1] = { tostring(name), action } end
local function _quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(letter)
    return string.format("\\u%04x", letter:byte())
  end) .. '"'
end
local function _run_tests(mark)
  for _, one in ipairs(_tests) do
    local is_done, problem = pcall(one[2])
    local message = is_done and "" or ',"message":' .. _quoted(tostring(problem))
    io.write("\n", mark, '{"name":', _quoted(one[1]), ',"passed":', tostring(is_done), message, "}\n")
  end
end
