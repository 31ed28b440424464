return {
  api = 1,
  name = "hot-allocations",
  summary = "Allocation hot spots by source line, and how much of them stayed",
  doc = [[Counts every alloc event under the line that made it. `kept` is what was not freed before
the trace ended.]],
  needs = { events = { "alloc", "free", "resize" } },
  args = {
    { "top", type = "integer", default = 20, min = 1, doc = "rows to print" },
    { "by", type = "string", default = "bytes", choices = { "bytes", "objects", "kept" },
      doc = "what the rows are sorted by" },
    { "file", type = "string", default = "", doc = "only files whose name contains this" },
  },
  run = function(ctx)
    local sites, alive, sizes = {}, {}, {}
    for _, kind, addr, size, file, line, func, type in
      ctx.events:each("t", "kind", "addr", "size", "file", "line", "func", "type") do
      if kind == "alloc" then
        local key = file .. ":" .. line
        local s = sites[key]
        if not s then
          s = { key = key, file = file, func = func, objects = 0, bytes = 0, kept = 0, types = {} }
          sites[key] = s
        end
        s.objects, s.bytes, s.kept = s.objects + 1, s.bytes + size, s.kept + size
        s.types[type or "?"] = (s.types[type or "?"] or 0) + 1
        alive[addr], sizes[addr] = s, size
      else
        local s = alive[addr]
        if s and kind == "free" then
          s.kept = s.kept - sizes[addr]
          alive[addr], sizes[addr] = nil, nil
        elseif s then -- resize
          local more = size - sizes[addr]
          s.kept, sizes[addr] = s.kept + more, size
          if more > 0 then s.bytes = s.bytes + more end
        end
      end
    end
    local list, total = {}, 0
    for _, s in brille.sorted(sites) do
      if s.file:find(ctx.args.file, 1, true) then
        list[#list + 1] = s
        total = total + s.bytes
      end
    end
    local by = ctx.args.by
    table.sort(list, function(a, b)
      if a[by] ~= b[by] then return a[by] > b[by] end
      return a.key < b.key
    end)
    local t = ctx.out:table {
      id = "sites", title = "Allocations by source line",
      columns = { { "objects", unit = "count" }, { "bytes", unit = "bytes" },
                  { "share", unit = "ratio" }, { "kept", unit = "bytes", signed = true },
                  { "type" }, { "function" }, { "line" } },
    }
    for i = 1, math.min(#list, ctx.args.top) do
      local s, most = list[i], nil
      for name, n in brille.sorted(s.types) do
        if not most or n > s.types[most] then most = name end
      end
      t:row(s.objects, s.bytes, total > 0 and s.bytes / total or nil, s.kept, most, s.func, s.key)
    end
  end,
}
