local samples = require "samples"

return {
  { name = "rows of the cache", heap = samples.cache_and_list(),
    expect = { findings = { "suspect" }, first = { suspects = { type = "app.Row", objects = 50, own = 10000 } } } },
}
