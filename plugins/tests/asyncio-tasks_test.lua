return {
  { name = "thirty forgotten", heap = { objects = {
        { "main", type = "set", size = 216, refs = { "task" } },
        { "task", type = "_asyncio.Task", size = 200, n = 30 },
        { "coro", type = "coroutine", size = 100, label = "poll", n = 30 },
      }, roots = { { "__main__", "main" }, { "_asyncio", "coro", kind = "native" } } },
    expect = { rows = { coroutines = 2 }, findings = { "forgotten" }, first = { coroutines = { alive = 30, retained = 6000 } } } },
}
