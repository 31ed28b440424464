return {
  { name = "one waits", events = {
        { t = 100, kind = "gil_release", tid = 1, thread = "a", duration = 90 },
        { t = 5000000, kind = "gil_acquire", tid = 2, thread = "b", other = 1, duration = 4000000, func = "f", line = 3 },
      }, expect = { rows = { holders = 1, waits = 1 }, first = { waits = { waited = 4000000, thread = "b", ["for"] = "a", where = "f:3" } } } },
}
