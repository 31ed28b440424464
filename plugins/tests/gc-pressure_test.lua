return {
  { name = "two collections", events = {
        { t = 900, kind = "alloc", addr = 16, size = 8, func = "load", line = 7 },
        { t = 1000, kind = "gc_start", gen = 0 }, { t = 3000, kind = "gc_done", gen = 0, collected = 5, examined = 700 },
        { t = 5000, kind = "gc_start", gen = 0 }, { t = 6000, kind = "gc_done", gen = 0, collected = 1, examined = 300 },
      }, expect = { rows = { collections = 1 }, findings = { "pressure" },
      first = { collections = { times = 2, took = 3000, examined = 1000, found = 6, where = "load:7" } } } },
}
