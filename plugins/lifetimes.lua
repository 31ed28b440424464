return {
  api = 1,
  name = "lifetimes",
  summary = "How long objects live: a histogram",
  doc = [[From allocation to free, in steps that double. Objects that were not freed before the trace ended are counted
beside it.]],
  needs = { events = { "alloc", "free" } },
  args = { { "type", type = "string", default = "*", doc = "only types that match this glob" } },
  run = function(ctx)
    local steps, freed = {}, 0
    local spec = { open = "alloc", close = "free", by = "addr" }
    local events = ctx.events
    if ctx.args.type ~= "*" then
      events = events:where("kind == 'free' or type ~ :t", { t = ctx.args.type })
    end
    for _, lived in events:pair(spec) do
      local step = 1
      while step * 2 <= lived do step = step * 2 end
      steps[step] = (steps[step] or 0) + 1
      freed = freed + 1
    end
    local t = ctx.out:table {
      id = "lifetimes", title = ("%d objects were freed, %d were not"):format(freed, spec.unclosed),
      columns = { { "from", unit = "ns" }, { "objects", unit = "count" }, { "share", unit = "ratio" } },
    }
    local points = {}
    for step, n in brille.sorted(steps) do
      t:row(step, n, n / freed)
      points[#points + 1] = { step, n }
    end
    if #points > 0 then
      ctx.out:chart { id = "histogram", kind = "hist", title = "Objects by lifetime",
        x = { label = "lived at least", unit = "ns" }, y = { label = "objects", unit = "count" },
        series = { { name = "objects", points = points } } }
    end
  end,
}
