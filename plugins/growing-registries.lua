return {
  api = 1,
  name = "growing-registries",
  summary = "Places where weak references and callbacks pile up between two dumps",
  doc = [[Functions, bound methods, partials and weak references by the place that keeps them, in two dumps.
A place that has more of them than before, and had some before, registers without ever removing.]],
  needs = { heaps = 2, refs = true },
  args = {
    { "top", type = "integer", default = 20, min = 1, doc = "rows to print" },
    { "min", type = "integer", default = 10, min = 1, doc = "growth that is a finding" },
  },
  run = function(ctx)
    local groups = ctx.diff:group {
      by = { "path", "type" }, path_depth = 8, sum = { "size" },
      where = "type in ('function', 'method', 'builtin_function_or_method', 'weakref', 'ReferenceType', " ..
        "'weakref.ReferenceType', 'functools.partial', 'weakref.WeakMethod', 'weakref.KeyedRef', 'weakref.finalize')",
    }
    local t = ctx.out:table {
      id = "registries", title = "Callbacks and weak references by place",
      columns = { { "before", unit = "count" }, { "after", unit = "count" },
                  { "more", unit = "count", signed = true }, "type", "path" },
    }
    for g in groups:top("count_delta", ctx.args.top) do
      if g.count_delta <= 0 then break end
      t:row(g.count_before, g.count_after, g.count_delta, g.type, g.path)
      if g.count_delta >= ctx.args.min then
        ctx.out:finding { id = "registry", severity = "warn",
          title = ("%d more %s at %s"):format(g.count_delta, g.type, g.path) }
      end
    end
  end,
}
