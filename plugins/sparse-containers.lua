return {
  api = 1,
  name = "sparse-containers",
  summary = "Lists, dicts and sets with more room than they need, by place",
  doc = [[`waste` is what a container takes beyond the smallest table that would hold its items: what is
left when it has shrunk, or was made too large. Tables of subclasses with fields of their own are not known.]],
  needs = { heap = true, refs = true },
  args = {
    { "top", type = "integer", default = 20, min = 1, doc = "rows to print" },
    { "min", type = "bytes", default = "256B", doc = "smallest waste of one container" },
  },
  run = function(ctx)
    local set = ctx.heap:where("waste >= :min", { min = ctx.args.min })
    local t = ctx.out:table {
      id = "places", title = ("%d containers waste %s"):format(#set, brille.bytes(set:sum("waste"))),
      columns = { { "containers", unit = "count" }, { "waste", unit = "bytes" },
                  { "items", unit = "count" }, "type", "path" },
    }
    local groups = set:group { by = { "type", "path" }, path_depth = 6, sum = { "waste", "items" } }
    for g in groups:top("waste", ctx.args.top) do
      t:row(g.count, g.waste, g.items, g.type, g.path)
    end
  end,
}
