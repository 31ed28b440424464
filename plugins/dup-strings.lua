return {
  api = 1,
  name = "dup-strings",
  summary = "Equal strings stored more than once, and the bytes they waste",
  doc = [[Strings are equal when type, size and what the heap keeps of their text are: the whole of short
ones, the beginning of long ones (marked ...). `waste` is all copies but one.]],
  needs = { heap = true, refs = true, values = true },
  args = {
    { "top", type = "integer", default = 20, min = 1, doc = "rows to print" },
    { "min", type = "bytes", default = "1KiB", doc = "smallest waste listed" },
    { "bytes", type = "flag", doc = "compare bytes objects as well" },
  },
  run = function(ctx)
    local a, heap, total = ctx.args, ctx.heap, 0
    local set = heap:where(a.bytes and "type in ('str', 'bytes')" or "type == 'str'")
    local groups = set:group { by = { "type", "digest" }, sum = { "size" }, sample = 1,
                               where = "digest ~= nil" }
    local t = ctx.out:table {
      id = "dups", title = "Duplicate strings",
      columns = { { "copies", unit = "count" }, { "waste", unit = "bytes" }, "held by", "value" },
    }
    local rows = 0
    for g in groups:top("size - size / count") do
      local waste = g.size - g.size // g.count
      if g.count < 2 or waste < a.min then break end
      total = total + waste
      if rows < a.top then
        rows = rows + 1
        local text, cut = heap:str(g.sample[1])
        local by = set:where("digest == :d", { d = g.digest }):referrers():group { by = { "type" } }
        local first = by:top("count", 1)()
        t:row(g.count, waste, first and first.type, text and text .. (cut and "..." or "") or nil)
      end
    end
    if total > 0 then
      ctx.out:finding { id = "waste", severity = "note",
        title = brille.bytes(total) .. " in duplicate strings",
        suggest = "sys.intern(), or one table of values" }
    end
  end,
}
