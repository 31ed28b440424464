local samples = require "samples"

return {
  { name = "no pools are known", heap = samples.cache_and_list(),
    expect = { rows = { arenas = 0, classes = 0 }, findings = {} } },
}
