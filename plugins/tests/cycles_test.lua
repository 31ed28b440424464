return {
  { name = "a ring of two, dead", heap = { objects = {
        { "a", type = "app.Node", size = 48, gen = 1, refs = { next = "b" } },
        { "b", type = "app.Node", size = 48, gen = 1, refs = { next = "a" } },
      } }, expect = { rows = { cycles = 1 }, findings = { "garbage" },
      first = { cycles = { cycles = 1, objects = 2, bytes = 96, garbage = 2 } } } },
  { name = "no ring", heap = { objects = {
        { "main", type = "dict", size = 64, refs = { CACHE = "cache", LIST = "list" } },
        { "cache", type = "dict", size = 232, refs = { { "row", kind = "value" } } },
        { "list", type = "list", size = 856, refs = { "text" } },
        { "row", type = "app.Row", size = 200, n = 50, refs = { name = "text1" } },
        { "text", type = "str", size = 60, label = "'hello'", n = 40 },
      }, roots = { { "__main__", "main" } } }, expect = { rows = { cycles = 0 }, findings = {} } },
}
