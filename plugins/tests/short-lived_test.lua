return {
  { name = "two die young, one does not", events = {
        { t = 0, kind = "alloc", addr = 16, size = 50, type = "str", file = "a.py", line = 3, func = "f" },
        { t = 100, kind = "free", addr = 16 },
        { t = 200, kind = "alloc", addr = 16, size = 50, type = "str", file = "a.py", line = 3, func = "f" },
        { t = 500, kind = "free", addr = 16 },
        { t = 600, kind = "alloc", addr = 32, size = 70, type = "list", file = "a.py", line = 4, func = "f" },
        { t = 9000000, kind = "free", addr = 32 },
      }, expect = { rows = { sites = 1 }, first = { sites = { objects = 2, bytes = 100, lived = 200, line = "a.py:3" } } } },
}
