local samples = require "samples"

return {
  { name = "a list with room", heap = samples.cache_and_list(),
    expect = { rows = { places = 1 }, first = { places = { type = "list", waste = 480, items = 40 } } } },
}
