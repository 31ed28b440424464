return {
  { name = "one line", events = {
        { t = 0, kind = "alloc", addr = 16, size = 50, type = "str", file = "a.py", line = 3, func = "f" },
        { t = 1, kind = "free", addr = 16 },
        { t = 2, kind = "alloc", addr = 16, size = 70, type = "str", file = "a.py", line = 3, func = "f" },
      }, expect = { rows = { sites = 1 }, first = { sites = { objects = 2, bytes = 120, kept = 70, line = "a.py:3" } } } },
}
