return {
  { name = "a traceback", args = { min = "1KiB" }, heap = { objects = {
        { "main", type = "dict", size = 64, refs = { LAST = "error" } },
        { "error", type = "ValueError", size = 88, refs = { __traceback__ = "tb" } },
        { "tb", type = "traceback", size = 64, refs = { "frame" } },
        { "frame", type = "frame", size = 400, refs = { data = "bytes" } },
        { "bytes", type = "bytes", size = 9000 },
      }, roots = { { "__main__", "main" } } },
    expect = { rows = { holders = 3 }, findings = { "tracebacks" },
               first = { holders = { type = "ValueError", retained = 9552 } } } },
}
