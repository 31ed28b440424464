local function heap(n)
  return { objects = {
    { "list", type = "list", size = 856, gen = 1, refs = { "m" } },
    { "m", type = "method", size = 64, n = n },
  }, roots = { { "__main__", "list" } } }
end

return {
  { name = "rows grow old", args = { min = 10 }, heaps = { heap(5), heap(25) },
    expect = { rows = { types = 1 }, findings = { "grew" }, first = { types = { before = 5, after = 25, more = 20, type = "method" } } } },
}
