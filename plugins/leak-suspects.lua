return {
  api = 1,
  name = "leak-suspects",
  summary = "Places that hold much of the heap in many similar objects",
  doc = [[Objects are clustered by the path that keeps them alive, keys and indices merged into [*], and
by type. A cluster of many objects that holds a large part of the heap is a suspect: a cache, a
registry, a queue nobody empties. `own` is the bytes of the objects themselves.]],
  needs = { heap = true, refs = true },
  args = {
    { "top", type = "integer", default = 15, min = 1, doc = "rows to print" },
    { "depth", type = "integer", default = 6, min = 1, max = 24, doc = "path steps kept" },
    { "least", type = "integer", default = 20, min = 1, doc = "smallest number of objects" },
    { "part", type = "number", default = 0.1, min = 0, max = 1, doc = "part of the heap that is a finding" },
  },
  run = function(ctx)
    local a, heap = ctx.args, ctx.heap
    local total = heap:all():sum("size")
    local groups = heap:group { by = { "path", "type" }, path_depth = a.depth, sum = { "size" }, sample = 3 }
    local t = ctx.out:table {
      id = "suspects", title = "Clusters of similar objects",
      columns = { { "objects", unit = "count" }, { "own", unit = "bytes" },
                  { "share", unit = "ratio" }, "type", "path" },
    }
    local rows = 0
    for g in groups:top("size") do
      if rows == a.top then break end
      if g.count >= a.least and g.path:find("[*]", 1, true) then
        rows = rows + 1
        t:row(g.count, g.size, g.size / total, g.type, g.path)
        if g.size >= a.part * total then
          ctx.out:finding {
            id = "suspect", severity = "warn", objects = g.sample,
            confidence = math.min(1, g.size / total + 0.3),
            title = ("%d %s at %s take %s"):format(g.count, g.type, g.path, brille.bytes(g.size)),
            suggest = "two dumps some time apart, and brille growth, say whether it grows",
          }
        end
      end
    end
  end,
}
