local function heap(n)
  return { objects = {
    { "list", type = "list", size = 856, gen = 1, refs = { "m" } },
    { "m", type = "method", size = 64, n = n },
  }, roots = { { "__main__", "list" } } }
end

return {
  { name = "callbacks pile up", heaps = { heap(5), heap(25) },
    expect = { findings = { "registry" }, first = { registries = { before = 5, after = 25, more = 20, type = "method" } } } },
  { name = "they do not", heaps = { heap(5), heap(5) }, expect = { rows = { registries = 0 }, findings = {} } },
}
