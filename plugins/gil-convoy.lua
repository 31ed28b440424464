return {
  api = 1,
  name = "gil-convoy",
  summary = "Periods in which several threads queue for the GIL, and who held it",
  doc = [[A convoy lasts as long as at least --waiters threads wait at the same time. `share` is the part of it in
which `holder` had the GIL.]],
  needs = { events = { "gil_request", "gil_wait", "gil_acquire", "gil_release" } },
  args = {
    { "waiters", type = "integer", default = 3, min = 2, doc = "threads waiting at once" },
    { "min", type = "duration", default = "5ms", doc = "shortest period reported" },
  },
  run = function(ctx)
    local a, max = ctx.args, math.max
    local waiting, n, start, peak, holder, since, held, last = {}, 0, nil, 0, nil, 0, {}, 0
    local names = {}
    local t = ctx.out:table {
      id = "convoys", title = "GIL convoys",
      columns = { { "start", unit = "time" }, { "lasted", unit = "ns" }, { "peak", unit = "count" },
                  { "share", unit = "ratio" }, { "holder", unit = "thread" } },
    }
    local function credit(now) -- charge the holder for its part of this convoy
      if holder and start then held[holder] = (held[holder] or 0) + now - max(since, start) end
      since = now
    end
    local function close(now)
      local lasted, who, best = now - start, nil, 0
      for id, ns in brille.sorted(held) do if ns > best then who, best = id, ns end end
      if lasted >= a.min and lasted > 0 then
        t:row(start, lasted, peak, best / lasted, who and names[who])
      end
      start = nil
    end
    for ts, tid, kind, thread in ctx.events:each("t", "tid", "kind", "thread") do
      credit(ts)
      names[tid] = thread
      if kind == "gil_request" or kind == "gil_wait" then
        if not waiting[tid] then waiting[tid], n = true, n + 1 end
      elseif kind == "gil_acquire" then
        if waiting[tid] then waiting[tid], n = nil, n - 1 end
        holder = tid
      else
        holder = nil
      end
      if n >= a.waiters and not start then start, peak, held = ts, n, {} end
      if start and n < a.waiters then close(ts) else peak = max(peak, n) end
      last = ts
    end
    if start then close(last) end
    if t:count() > 0 then
      ctx.out:finding { id = "convoy", severity = "warn",
        title = ("%d convoys of at least %d threads"):format(t:count(), a.waiters) }
    end
  end,
}
