return {
  api = 1,
  name = "cycles",
  summary = "Reference cycles by the types that make them, and which are garbage",
  doc = [[A cycle keeps its objects until the collector comes. Groups are cycles of the same types; `way` is
one way round. `garbage` counts objects in cycles that nothing else reaches. With --dead only those are looked at.]],
  needs = { heap = true, refs = true },
  args = {
    { "top", type = "integer", default = 15, min = 1, doc = "rows to print" },
    { "dead", type = "flag", doc = "only cycles that nothing reaches" },
    { "least", type = "integer", default = 1, min = 1, doc = "fewest cycles of a row" },
  },
  run = function(ctx)
    local heap, garbage = ctx.heap, ctx.heap:garbage()
    local kinds, size = {}, heap.size
    for ids, way in heap:cycles(ctx.args.dead and garbage or nil) do
      local k = kinds[way] or { way = way, n = 0, objects = 0, bytes = 0, dead = 0 }
      kinds[way] = k
      k.n, k.objects = k.n + 1, k.objects + #ids
      for _, id in ipairs(ids) do
        k.bytes = k.bytes + size[id]
        if garbage:has(id) then k.dead = k.dead + 1 end
      end
    end
    local list = {}
    for _, k in brille.sorted(kinds) do list[#list + 1] = k end
    table.sort(list, function(a, b)
      if a.bytes ~= b.bytes then return a.bytes > b.bytes end
      return a.way < b.way
    end)
    local t = ctx.out:table {
      id = "cycles", title = "Cycles by their way round",
      columns = { { "cycles", unit = "count" }, { "objects", unit = "count" },
                  { "bytes", unit = "bytes" }, { "garbage", unit = "count" }, "way" },
    }
    for _, k in ipairs(list) do
      if t:count() == ctx.args.top then break end
      if k.n >= ctx.args.least then t:row(k.n, k.objects, k.bytes, k.dead, k.way) end
    end
    if #garbage > 0 then
      ctx.out:finding { id = "garbage", severity = "note",
        title = ("%d objects, %s, wait for the collector"):format(#garbage, brille.bytes(garbage:sum("size"))) }
    end
  end,
}
