return {
  api = 1,
  name = "short-lived",
  summary = "Objects that die young, by the line that makes them",
  doc = [[An object is short-lived when it is freed within --within of its allocation. Many of the same line are work
for the allocator that a reused buffer or a generator would save.]],
  needs = { events = { "alloc", "free" } },
  args = {
    { "within", type = "duration", default = "1ms", doc = "how long an object may live to count" },
    { "top", type = "integer", default = 20, min = 1, doc = "rows to print" },
  },
  run = function(ctx)
    local sites, within = {}, ctx.args.within
    local spec = { open = "alloc", close = "free", by = "addr", columns = { "file", "line", "func", "type", "size" } }
    local all, short = 0, 0
    for _, lived, _, open in ctx.events:pair(spec) do
      all = all + 1
      if lived <= within then
        short = short + 1
        local key = open.file .. ":" .. open.line .. " " .. (open.type or "?")
        local s = sites[key] or { key = key, n = 0, bytes = 0, ns = 0, type = open.type, func = open.func,
                                  line = open.file .. ":" .. open.line }
        sites[key] = s
        s.n, s.bytes, s.ns = s.n + 1, s.bytes + open.size, s.ns + lived
      end
    end
    local list = {}
    for _, s in brille.sorted(sites) do list[#list + 1] = s end
    table.sort(list, function(a, b) if a.n ~= b.n then return a.n > b.n end return a.key < b.key end)
    local t = ctx.out:table {
      id = "sites", title = ("%d of %d freed objects lived at most %s"):format(short, all, brille.ns(within)),
      columns = { { "objects", unit = "count" }, { "bytes", unit = "bytes" }, { "lived", unit = "ns" },
                  "type", "function", "line" },
    }
    for i = 1, math.min(#list, ctx.args.top) do
      local s = list[i]
      t:row(s.n, s.bytes, s.ns // s.n, s.type, s.func, s.line)
    end
  end,
}
