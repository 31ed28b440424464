local samples = require "samples"

return {
  { name = "rows grow", args = { min = "1KiB" }, heaps = { samples.callbacks(5), samples.callbacks(25) },
    expect = { findings = { "growth" }, first = { growth = { type = "method", objects = 20, bytes = 1280 } } } },
}
