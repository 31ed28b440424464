local samples = require "samples"

return {
  { name = "rows grow old", args = { min = 10 }, heaps = { samples.callbacks(5), samples.callbacks(25) },
    expect = { rows = { types = 1 }, findings = { "grew" }, first = { types = { before = 5, after = 25, more = 20, type = "method" } } } },
}
