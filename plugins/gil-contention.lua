local function ranked(t, field)
  local list = {}
  for _, row in brille.sorted(t) do list[#list + 1] = row end
  table.sort(list, function(a, b)
    if a[field] ~= b[field] then return a[field] > b[field] end
    return a.key < b.key
  end)
  return list
end

return {
  api = 1,
  name = "gil-contention",
  summary = "Who waited for the GIL, for whom, and where they were",
  doc = [[A wait ends with gil_acquire, which says how long it took and who had the GIL before. The
place is the function that runs when the thread gets it: the one that stood still.]],
  needs = { events = { "gil_acquire", "gil_release" } },
  args = {
    { "top", type = "integer", default = 15, min = 1, doc = "rows to print" },
    { "min", type = "duration", default = "1us", doc = "shortest wait that counts" },
  },
  run = function(ctx)
    local waits, held, names = {}, {}, {}
    local total, last = 0, 0
    for t, tid, kind, other, duration, thread, func, line in
      ctx.events:each("t", "tid", "kind", "other", "duration", "thread", "func", "line") do
      last, names[tid] = t, thread
      if kind == "gil_release" then
        local h = held[tid] or { key = tid, ns = 0, n = 0 }
        held[tid] = h
        h.ns, h.n = h.ns + duration, h.n + 1
      elseif duration >= ctx.args.min then
        local key = ("%d %s %s:%d"):format(tid, other or "-", func, line)
        local w = waits[key]
        if not w then
          w = { key = key, tid = tid, other = other, place = func .. ":" .. line,
                ns = 0, max = 0, n = 0 }
          waits[key] = w
        end
        w.n, w.ns, w.max = w.n + 1, w.ns + duration, math.max(w.max, duration)
        total = total + duration
      end
    end
    local who = ctx.out:table {
      id = "holders", title = "Who held the GIL",
      columns = { { "held", unit = "ns" }, { "times", unit = "count" },
                  { "share", unit = "ratio" }, { "thread" } },
    }
    for _, h in ipairs(ranked(held, "ns")) do
      who:row(h.ns, h.n, last > 0 and h.ns / last or nil, names[h.key])
    end
    local t = ctx.out:table {
      id = "waits", title = ("Who waited, %s in all"):format(brille.ns(total)),
      columns = { { "waited", unit = "ns" }, { "times", unit = "count" },
                  { "longest", unit = "ns" }, { "thread" }, { "for" }, { "where" } },
    }
    for i, w in ipairs(ranked(waits, "ns")) do
      if i > ctx.args.top then break end
      local holder = w.other and (names[w.other] or "thread " .. w.other)
      t:row(w.ns, w.n, w.max, names[w.tid], holder, w.place)
    end
    if last > 0 and total > last then
      ctx.out:finding {
        id = "contention", severity = "warn",
        title = ("threads waited %s for the GIL in a trace of %s"):format(
          brille.ns(total), brille.ns(last)),
      }
    end
  end,
}
