local samples = require "samples"

return {
  { name = "forty copies", heap = samples.cache_and_list(),
    expect = { rows = { dups = 1 }, findings = { "waste" },
               first = { dups = { copies = 40, waste = 2340, value = "hello", ["held by"] = "app.Row" } } } },
  { name = "too small", args = { min = "1MiB" }, heap = samples.cache_and_list(), expect = { rows = { dups = 0 }, findings = {} } },
}
