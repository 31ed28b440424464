-- Calls every function of the API once and checks what it says; test_plugin_author.py compares the
-- names that it prints with those of inspector/lua/functions.def. A function that is added there
-- must be added here.

-- Where a function is found by its name, "heap:at": set by run.
local owners = {}

local function call(name, ...)
  local owner, method = name:match("^([%w.]+)[:.](%w[%w_]*)$")
  print("called " .. name)
  if owner == "brille" then return brille[method](...) end
  return owners[owner][method](owners[owner], ...)
end

local function count(iterator)
  local n = 0
  for _ in iterator do n = n + 1 end
  return n
end

local function call_heap(heap)
  local id = heap:where("type == 'Row'"):ids(1)[1] or heap:where("type ~ '*Row'"):ids(1)[1]
  assert(call("heap:at", heap.addr[id]) == id)
  assert(count(call("heap:each", "size")) == heap.n)
  assert(#call("heap:where", "size > :n", { n = 0 }) <= heap.n)
  assert(call("heap:all"):count() == heap.n)
  assert(#call("heap:set", { id, id }) == 1)
  assert(#call("heap:group", { by = { "gen" } }) >= 1)
  assert(call("heap:types")[1].count > 0)
  local refs = count(call("heap:refs", id))
  assert(refs > 0 and count(call("heap:targets", id)) == refs)
  assert(count(call("heap:referrers", id)) > 0)
  assert(call("heap:path", id):find("KEPT", 1, true))
  assert(#call("heap:roots", "module") > 0)
  local text = heap:where("type == 'str' and label ~ '*hello*'"):ids(1)[1]
  assert(call("heap:str", text):find("hello"))
  assert(call("heap:repr", id):find("Row"))
  assert(count(call("heap:cycles")) > 0)
  assert(#call("heap:garbage") >= 0)
  assert(call("heap:threads")[1].frames)
  assert(type(call("heap:arenas")) == "table")
  local scratch = call("heap:scratch")
  scratch[id] = 7
  return id, scratch
end

local function call_set(heap, id, scratch)
  local rows = heap:where("type ~ '*Row'")
  owners.set = rows
  local n = call("set:count")
  assert(n == #rows and count(call("set:each", "size")) == n)
  assert(#call("set:where", "size < 0") == 0)
  assert(call("set:has", id))
  assert(call("set:sum", scratch) == 7)
  assert(call("set:stats", "size").n == n)
  assert(call("set:quantile", "size", 0.5) > 0)
  local all = 0
  for _, step in ipairs(call("set:hist", "size")) do all = all + step.n end
  assert(all == n)
  assert(call("set:top", scratch, 1)[1] == id)
  assert(#call("set:ids") == n and #call("set:sample", 3) == 3)
  assert(#call("set:referents") > 0 and #call("set:referrers") > 0)
  assert(#call("set:reachable", { avoid = heap:roots() }) >= n)
  assert(call("set:retained_size") >= rows:sum("size"))
  owners.groups = call("set:group", { by = { "type" }, sum = { "size" }, limit = 5 })
  assert(call("groups:top", "size / count", 1)().count == n)
  assert(count(call("groups:each")) == 1 and call("groups:count") == 1)
  assert(call("groups:get", heap.type[id]).count == n)
  assert(call("groups:other") == nil)
end

local function call_events()
  local n = call("events:count")
  assert(n > 0 and count(call("events:each", "t", "kind")) == n)
  local sizes = call("events:run", { alloc = function(e) assert(e.size) end })
  assert(#call("events:hist", "size") > 0 and call("events:sum", "size") > 0)
  assert(call("events:kinds", "alloc"):count() == sizes)
  assert(call("events:where", "kind == 'alloc' and size >= 0"):count() == sizes)
  assert(#call("events:group", { by = { "kind" } }) == 2)
  assert(count(call("events:pair", { open = "alloc", close = "free", by = "addr" })) > 0)
  local pieces = 0
  for _, piece in call("events:window", 1000000000) do pieces = pieces + piece:count() end
  assert(pieces == n and call("events:missing") >= 0)
end

return {
  api = 1,
  name = "api-calls",
  summary = "Calls every function once",
  needs = { heaps = 2, refs = true, retained = true, events = { "alloc", "free" } },
  run = function(ctx)
    owners = { heap = ctx.heap, events = ctx.events, ctx = ctx, ["ctx.diff"] = ctx.diff,
               ["ctx.out"] = ctx.out }
    call_set(ctx.heap, call_heap(ctx.heap))
    call_events()
    assert(count(call("ctx.diff:group", { by = { "type" } }):each()) > 0)
    assert(#call("ctx.diff:added") > 0 and #call("ctx.diff:removed") >= 0)
    owners.table = call("ctx.out:table", { id = "t", columns = { "a" } })
    call("table:row", "x")
    assert(call("table:count") == 1)
    call("ctx.out:text", "text")
    call("ctx.out:finding", { id = "f", title = "a finding" })
    call("ctx.out:chart", { kind = "bar", series = { { name = "s", points = { { "a", 1 } } } } })
    call("ctx:log", "debug", "logged")
    call("ctx:progress", 1, "done")
    assert(call("brille.bytes", 1) and call("brille.ns", 1))
    assert(count(call("brille.sorted", { 1, 2 })) == 2)
    assert(call("brille.quantile", { 1, 2, 3 }, 0.5) == 2)
    assert(call("brille.has", "heap.at"))
    call("ctx:fail", "the end", { hint = "is near" })
  end,
}
