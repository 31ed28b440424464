return {
  { name = "one value is used", args = { min = "1B" }, heap = { objects = {
        { "cache", type = "dict", size = 232, refs = { { "row", kind = "value" }, { "row", kind = "key" } } },
        { "row", type = "app.Row", size = 200, n = 3 },
      }, roots = { { "__main__", "cache" } } },
    events = { { t = 1, kind = "incref", addr = 0x7f0000001000 }, { t = 2, kind = "incref", addr = 0x7f0000001000 },
               { t = 3, kind = "incref", addr = 0x7f0000009000 } },
    expect = { rows = { caches = 1 }, first = { caches = { items = 3, used = 1, hits = 2 } } } },
}
