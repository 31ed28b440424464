local samples = require "samples"

return {
  { name = "a ring of two, dead", heap = { objects = {
        { "a", type = "app.Node", size = 48, gen = 1, refs = { next = "b" } },
        { "b", type = "app.Node", size = 48, gen = 1, refs = { next = "a" } },
      } }, expect = { rows = { cycles = 1 }, findings = { "garbage" },
      first = { cycles = { cycles = 1, objects = 2, bytes = 96, garbage = 2 } } } },
  { name = "no ring", heap = samples.cache_and_list(), expect = { rows = { cycles = 0 }, findings = {} } },
}
