return {
  { name = "no pools are known", heap = { objects = {
        { "main", type = "dict", size = 64, refs = { CACHE = "cache", LIST = "list" } },
        { "cache", type = "dict", size = 232, refs = { { "row", kind = "value" } } },
        { "list", type = "list", size = 856, refs = { "text" } },
        { "row", type = "app.Row", size = 200, n = 50, refs = { name = "text1" } },
        { "text", type = "str", size = 60, label = "'hello'", n = 40 },
      }, roots = { { "__main__", "main" } } },
    expect = { rows = { arenas = 0, classes = 0 }, findings = {} } },
}
