return {
  api = 1,
  name = "native-references",
  summary = "References that only native code can hold, by module and type",
  doc = [[The reference count less the references that the heap explains. A few are normal (caches of the interpreter);
many on the instances of one type mean that an extension module forgets to release them.]],
  needs = { heap = true, refs = true },
  args = {
    { "top", type = "integer", default = 20, min = 1, doc = "rows to print" },
    { "min", type = "integer", default = 100, min = 1, doc = "references that are a finding" },
  },
  run = function(ctx)
    local set = ctx.heap:where("unexplained > 0")
    local t = ctx.out:table {
      id = "types", title = ("%d references of native code on %d objects"):format(set:sum("unexplained"), #set),
      columns = { { "objects", unit = "count" }, { "references", unit = "count" },
                  { "bytes", unit = "bytes" }, "module", "type" },
    }
    local groups = set:group { by = { "module", "type" }, sum = { "unexplained", "size" }, sample = 3 }
    for g in groups:top("unexplained", ctx.args.top) do
      t:row(g.count, g.unexplained, g.size, g.module, g.type)
      if g.unexplained >= ctx.args.min and g.module ~= "builtins" and g.module ~= "" then
        ctx.out:finding { id = "native", severity = "warn", objects = g.sample, confidence = 0.7,
          title = ("native code holds %d references to %s"):format(g.unexplained, g.type),
          suggest = "brille audit shows them one by one" }
      end
    end
  end,
}
