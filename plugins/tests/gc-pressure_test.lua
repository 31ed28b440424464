return {
  { name = "two collections", events = {
        { t = 1000, kind = "gc_start", gen = 0, func = "load", line = 7 }, { t = 3000, kind = "gc_done", gen = 0, collected = 5, examined = 700 },
        { t = 5000, kind = "gc_start", gen = 0, func = "load", line = 7 }, { t = 6000, kind = "gc_done", gen = 0, collected = 1, examined = 300 },
      }, expect = { rows = { collections = 1 }, findings = { "pressure" },
      first = { collections = { times = 2, took = 3000, examined = 1000, found = 6, where = "load:7" } } } },
}
