return {
  api = 1,
  name = "pool-fragmentation",
  summary = "Arenas that are almost empty, and what pins them",
  doc = [[An arena goes back to the system when all of it is free. `pinned by` is the type of most objects in it.
Processes whose allocator cannot be read have none.]],
  needs = { heap = true },
  args = {
    { "top", type = "integer", default = 15, min = 1, doc = "arenas to print" },
    { "below", type = "number", default = 0.5, min = 0, max = 1, doc = "part in use under which an arena counts" },
  },
  run = function(ctx)
    local arenas, classes = ctx.heap:arenas()
    local free, bad = 0, 0
    local t = ctx.out:table {
      id = "arenas", title = ("%d arenas"):format(#arenas),
      columns = { { "arena", unit = "address" }, { "used", unit = "bytes" }, { "part", unit = "ratio" },
                  { "objects", unit = "count" }, "pinned by" },
    }
    for _, a in ipairs(arenas) do
      local part = a.capacity > 0 and a.used / a.capacity or 0
      if part < ctx.args.below and a.used > 0 then
        bad, free = bad + 1, free + a.capacity - a.used
        if bad <= ctx.args.top then
          t:row(a.addr, a.used, part, a.objects, a.type and ("%d %s"):format(a.type_count, a.type))
        end
      end
    end
    local c = ctx.out:table {
      id = "classes", title = "Pools by size of block",
      columns = { { "block", unit = "bytes" }, { "pools", unit = "count" }, { "free", unit = "bytes" } },
    }
    for _, k in ipairs(classes) do c:row(k.block, k.pools, k.free_bytes) end
    if free > 0 then
      ctx.out:finding { id = "pinned", severity = free > (1 << 20) and "warn" or "note",
        title = ("%s cannot go back to the system: %d arenas are mostly empty"):format(brille.bytes(free), bad) }
    end
  end,
}
