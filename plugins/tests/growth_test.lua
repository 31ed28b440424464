local function heap(n)
  return { objects = {
    { "list", type = "list", size = 856, gen = 1, refs = { "m" } },
    { "m", type = "method", size = 64, n = n },
  }, roots = { { "__main__", "list" } } }
end

return {
  { name = "rows grow", args = { min = "1KiB" }, heaps = { heap(5), heap(25) },
    expect = { findings = { "growth" }, first = { growth = { type = "method", objects = 20, bytes = 1280 } } } },
}
