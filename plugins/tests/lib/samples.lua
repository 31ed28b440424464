-- Heaps that several tests look at. Each call makes a new one, so that a test may change it.
local samples = {}

-- A module with a cache of 50 rows and a list of 40 equal strings; all rows have the first of them.
function samples.cache_and_list()
  return { objects = {
    { "main", type = "dict", size = 64, refs = { CACHE = "cache", LIST = "list" } },
    { "cache", type = "dict", size = 232, refs = { { "row", kind = "value" } } },
    { "list", type = "list", size = 856, refs = { "text" } },
    { "row", type = "app.Row", size = 200, n = 50, refs = { name = "text1" } },
    { "text", type = "str", size = 60, label = "'hello'", n = 40 },
  }, roots = { { "__main__", "main" } } }
end

-- A list of n bound methods, as of callbacks that were registered.
function samples.callbacks(n)
  return { objects = {
    { "list", type = "list", size = 856, gen = 1, refs = { "m" } },
    { "m", type = "method", size = 64, n = n },
  }, roots = { { "__main__", "list" } } }
end

return samples
