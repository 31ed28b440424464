return {
  api = 1,
  name = "asyncio-tasks",
  summary = "asyncio tasks and coroutines that are alive, by what they run",
  doc = [[Tasks by type, and suspended coroutines by function. Many of the same that keep much alive were started
and forgotten: nobody awaits them, or what they wait for never comes.]],
  needs = { heap = true, refs = true, retained = true },
  args = {
    { "top", type = "integer", default = 20, min = 1, doc = "rows to print" },
    { "min", type = "integer", default = 20, min = 1, doc = "coroutines of one function that are a finding" },
  },
  run = function(ctx)
    local heap = ctx.heap
    local tasks = heap:where("type in ('_asyncio.Task', 'asyncio.tasks.Task', 'Task')")
    local t = ctx.out:table {
      id = "coroutines", title = ("%d tasks"):format(#tasks),
      columns = { { "alive", unit = "count" }, { "retained", unit = "bytes" }, { "first", unit = "object" }, "what" },
    }
    local set = heap:where("type in ('coroutine', 'async_generator')") | tasks
    for g in set:group({ by = { "type", "label" }, sum = { "retained" }, sample = 3 }):top("retained", ctx.args.top) do
      t:row(g.count, g.retained, g.sample[1], g.label and g.type .. " " .. g.label or g.type)
      if g.count >= ctx.args.min then
        ctx.out:finding { id = "forgotten", severity = "warn", objects = g.sample, confidence = 0.6,
          title = ("%d of %s %s wait"):format(g.count, g.type, g.label or "") }
      end
    end
  end,
}
