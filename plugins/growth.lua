return {
  api = 1,
  name = "growth",
  summary = "What grew between two dumps, by type and by path from the roots",
  doc = [[Objects are filed under their type and the place that keeps them alive: the shortest path
from a root, with keys and indices merged into [*]. Rows are places that hold more bytes than before.]],
  needs = { heaps = 2, refs = true },
  args = {
    { "top", type = "integer", default = 20, min = 1, max = 1000, doc = "rows to print" },
    { "depth", type = "integer", default = 4, min = 1, max = 24, doc = "path steps kept" },
    { "min", type = "bytes", default = "64KiB", doc = "smallest growth that is a finding" },
    { "type", type = "string", default = "*", doc = "only types that match this glob" },
  },
  run = function(ctx)
    local a = ctx.args
    local groups = ctx.diff:group {
      by = { "type", "path" }, path_depth = a.depth, sum = { "size" },
      where = "type ~ :glob", bind = { glob = a.type },
    }
    local t = ctx.out:table {
      id = "growth", title = "Growth by type and path",
      columns = {
        { "objects", unit = "count", signed = true },
        { "bytes", unit = "bytes", signed = true },
        { "type" }, { "path" },
      },
    }
    local found = 0
    for g in groups:top("size_delta", a.top) do
      if g.size_delta <= 0 then break end
      t:row(g.count_delta, g.size_delta, g.type, g.path)
      if g.size_delta >= a.min and found < 3 then
        found = found + 1
        local objects = {}
        if ctx.diff.same_process then
          local new = ctx.diff:added():where { type = g.type }
          objects = new:top("size", 3)
        end
        ctx.out:finding {
          id = "growth", severity = "warn", objects = objects,
          title = ("%s under %s grew by %s"):format(g.type, g.path, brille.bytes(g.size_delta)),
        }
      end
    end
  end,
}
