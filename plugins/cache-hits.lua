return {
  api = 1,
  name = "cache-hits",
  summary = "Big dicts and how often their values were used in a trace",
  doc = [[A value is used when its reference count rises: it was taken out, or looked at. Give the heap first and a
trace of the same process with refcount events. A dict that holds much and is never used is a cache without hits.]],
  needs = { heap = true, refs = true, retained = true, events = { "incref" } },
  args = {
    { "top", type = "integer", default = 20, min = 1, doc = "dicts to look at" },
    { "min", type = "bytes", default = "16KiB", doc = "smallest retained size" },
  },
  run = function(ctx)
    local heap, owner, hits, used = ctx.heap, {}, {}, {}
    local dicts = heap:where("type == 'dict' and items > 0 and retained >= :min", { min = ctx.args.min })
    local list = dicts:top("retained", ctx.args.top)
    for i, id in ipairs(list) do
      hits[i], used[i] = 0, 0
      for value, _, kind in heap:refs(id) do
        if kind == "value" and not heap.immortal[value] then owner[heap.addr[value]] = i end
      end
    end
    local seen = {}
    for g in ctx.events:group({ by = { "addr" } }):each() do
      local i = owner[g.addr]
      if i then
        hits[i] = hits[i] + g.count
        if not seen[g.addr] then seen[g.addr], used[i] = true, used[i] + 1 end
      end
    end
    local t = ctx.out:table {
      id = "caches", title = "Dicts by what they hold",
      columns = { { "retained", unit = "bytes" }, { "items", unit = "count" }, { "used", unit = "count" },
                  { "hits", unit = "count" }, "path" },
    }
    for i, id in ipairs(list) do
      t:row(heap.retained[id], heap.items[id], used[i], hits[i], (heap:path(id)))
    end
  end,
}
