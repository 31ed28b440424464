import gc, weakref
class N: pass
gc.collect()
before = gc.get_stats()[0]["collections"]
refs = []
for i in range(5000):
    n = N()
    n.me = n
    if i % 500 == 0:
        refs.append(weakref.ref(n))
print(gc.get_stats()[0]["collections"] > before, sum(r() is None for r in refs) >= 5, gc.get_count()[0] < 5000)
