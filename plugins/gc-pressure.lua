return {
  api = 1,
  name = "gc-pressure",
  summary = "Which code sets off collections, what they cost and what they find",
  doc = [[A collection begins in the function that allocates one object too many: the allocation before it on the
same thread. Rows are lines and generations; `found` is what was freed of what was examined.]],
  needs = { events = { "alloc", "gc_start", "gc_done" } },
  args = { { "top", type = "integer", default = 20, min = 1, doc = "rows to print" } },
  run = function(ctx)
    local rows, total, last = {}, 0, 0
    local place, start, from = {}, {}, {}
    for t, kind, tid, func, line, gen, collected, examined in
      ctx.events:each("t", "kind", "tid", "func", "line", "gen", "collected", "examined") do
      if kind == "alloc" then
        if not start[tid] then place[tid] = func .. ":" .. line end
      elseif kind == "gc_start" then
        start[tid], from[tid] = t, place[tid] or func .. ":" .. line
      elseif start[tid] then
        local ns, where = t - start[tid], from[tid]
        local key = where .. " " .. (gen or 0)
        local r = rows[key] or { key = key, where = where, gen = gen, n = 0, ns = 0, found = 0, examined = 0 }
        rows[key] = r
        r.n, r.ns, r.found, r.examined = r.n + 1, r.ns + ns, r.found + collected, r.examined + examined
        total, last, start[tid] = total + ns, t, nil
      end
    end
    local list = {}
    for _, r in brille.sorted(rows) do list[#list + 1] = r end
    table.sort(list, function(a, b) if a.ns ~= b.ns then return a.ns > b.ns end return a.key < b.key end)
    local t = ctx.out:table {
      id = "collections", title = ("Collections took %s"):format(brille.ns(total)),
      columns = { { "times", unit = "count" }, { "took", unit = "ns" }, { "gen", unit = "count" },
                  { "examined", unit = "count" }, { "found", unit = "count" }, "where" },
    }
    for i = 1, math.min(#list, ctx.args.top) do
      local r = list[i]
      t:row(r.n, r.ns, r.gen, r.examined, r.found, r.where)
    end
    if last > 0 and total > last / 10 then
      ctx.out:finding { id = "pressure", severity = "warn",
        title = ("%s of %s were spent in collections"):format(brille.ns(total), brille.ns(last)),
        suggest = "gc.freeze() after start-up, a higher threshold, or fewer containers" }
    end
  end,
}
