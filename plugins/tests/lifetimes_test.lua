return {
  { name = "three lifetimes", events = {
        { t = 0, kind = "alloc", addr = 16, size = 50, type = "str" }, { t = 100, kind = "free", addr = 16 },
        { t = 200, kind = "alloc", addr = 16, size = 50, type = "str" }, { t = 310, kind = "free", addr = 16 },
        { t = 400, kind = "alloc", addr = 32, size = 50, type = "list" }, { t = 5400, kind = "free", addr = 32 },
        { t = 600, kind = "alloc", addr = 48, size = 50, type = "list" },
      }, expect = { rows = { lifetimes = 2 }, text = "3 objects were freed, 1 were not",
      first = { lifetimes = { from = 64, objects = 2 } } } },
}
