return {
  api = 1,
  name = "thread-starvation",
  summary = "Threads that wait for the GIL far longer than the others",
  doc = [[Rows are threads: how often they got the GIL, how long they waited for it altogether and at most. A thread
that waits --times as long as the middle one, and longer than --min, starves.]],
  needs = { events = { "gil_acquire" } },
  args = {
    { "times", type = "number", default = 3, min = 1, doc = "how much longer than the middle thread" },
    { "min", type = "duration", default = "10ms", doc = "shortest waiting that is a finding" },
  },
  run = function(ctx)
    local by = ctx.events:group { by = { "tid", "thread" }, sum = { "duration" }, max = { "duration" } }
    local all = {}
    for g in by:each() do all[#all + 1] = g.duration end
    local middle = brille.quantile(all, 0.5) or 0
    local t = ctx.out:table {
      id = "threads", title = "Waiting by thread",
      columns = { { "waited", unit = "ns" }, { "longest", unit = "ns" }, { "times", unit = "count" },
                  { "thread", unit = "thread" } },
    }
    for g in by:top("duration") do
      t:row(g.duration, g.max_duration, g.count, g.thread)
      if #all > 1 and g.duration >= ctx.args.min and g.duration > ctx.args.times * middle then
        ctx.out:finding { id = "starved", severity = "warn",
          title = ("%s waited %s, the middle thread %s"):format(g.thread, brille.ns(g.duration), brille.ns(middle)) }
      end
    end
  end,
}
