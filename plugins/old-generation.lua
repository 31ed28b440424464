return {
  api = 1,
  name = "old-generation",
  summary = "What has come into the oldest generation between two dumps",
  doc = [[Objects of generation 2 have outlived two collections. What grows there is seldom looked at again by the
collector, and a leak ends up there.]],
  needs = { heaps = 2 },
  args = {
    { "top", type = "integer", default = 20, min = 1, doc = "rows to print" },
    { "min", type = "integer", default = 1000, min = 1, doc = "growth in objects that is a finding" },
  },
  run = function(ctx)
    local groups = ctx.diff:group { by = { "type" }, sum = { "size" }, where = "gen == 2" }
    local t = ctx.out:table {
      id = "types", title = "Generation 2 by type",
      columns = { { "before", unit = "count" }, { "after", unit = "count" },
                  { "more", unit = "count", signed = true }, { "bytes", unit = "bytes", signed = true }, "type" },
    }
    for g in groups:top("count_delta", ctx.args.top) do
      if g.count_delta <= 0 then break end
      t:row(g.count_before, g.count_after, g.count_delta, g.size_delta, g.type)
      if g.count_delta >= ctx.args.min then
        ctx.out:finding { id = "grew", severity = "warn",
          title = ("%d more %s in generation 2"):format(g.count_delta, g.type) }
      end
    end
  end,
}
