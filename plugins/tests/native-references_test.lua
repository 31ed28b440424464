return {
  { name = "an extension leaks", heap = { objects = {
        { "main", type = "list", size = 856, refs = { "x" } },
        { "x", type = "ext.Buffer", size = 200, refcount = 4, n = 40 },
      }, roots = { { "__main__", "main" } } },
    expect = { findings = { "native" }, first = { types = { objects = 40, references = 120, type = "ext.Buffer", module = "ext" } } } },
}
