return {
  api = 1,
  name = "held-by-frames",
  summary = "Tracebacks, exceptions and frames that keep objects alive",
  doc = [[An exception that is kept keeps its traceback, that its frames, and those all their local variables.
Rows are such objects that hold at least --min, with the path that keeps them.]],
  needs = { heap = true, refs = true, retained = true },
  args = {
    { "top", type = "integer", default = 20, min = 1, doc = "rows to print" },
    { "min", type = "bytes", default = "4KiB", doc = "smallest retained size" },
  },
  run = function(ctx)
    local heap = ctx.heap
    local set = heap:where("(type in ('traceback', 'frame') or type ~ '*Error' or type ~ '*Exception')" ..
      " and retained >= :min", { min = ctx.args.min })
    local t = ctx.out:table {
      id = "holders", title = ("%d tracebacks, frames and exceptions"):format(#set),
      columns = { { "retained", unit = "bytes" }, { "object", unit = "object" }, "type", "label", "path" },
    }
    for _, id in ipairs(set:top("retained", ctx.args.top)) do
      t:row(heap.retained[id], id, heap.type[id], heap.label[id], (heap:path(id)))
    end
    local tracebacks = set:where("type == 'traceback'")
    if #tracebacks > 0 then
      ctx.out:finding { id = "tracebacks", severity = "warn", objects = tracebacks:top("retained", 3),
        title = ("%d tracebacks together keep %s"):format(#tracebacks, brille.bytes(tracebacks:retained_size())),
        suggest = "drop the exception, or e.__traceback__ = None before keeping it" }
    end
  end,
}
