return {
  { name = "one starves", events = {
        { t = 1, kind = "gil_acquire", tid = 1, thread = "a", duration = 1000 },
        { t = 2, kind = "gil_acquire", tid = 2, thread = "b", duration = 2000 },
        { t = 3, kind = "gil_acquire", tid = 3, thread = "c", duration = 50000000 },
      }, expect = { rows = { threads = 3 }, findings = { "starved" }, first = { threads = { thread = "c", waited = 50000000, times = 1 } } } },
}
