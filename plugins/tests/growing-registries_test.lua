local samples = require "samples"

return {
  { name = "callbacks pile up", heaps = { samples.callbacks(5), samples.callbacks(25) },
    expect = { findings = { "registry" }, first = { registries = { before = 5, after = 25, more = 20, type = "method" } } } },
  { name = "they do not", heaps = { samples.callbacks(5), samples.callbacks(5) }, expect = { rows = { registries = 0 }, findings = {} } },
}
