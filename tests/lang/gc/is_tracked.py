import gc
class A: pass
print([gc.is_tracked(x) for x in (1, "a", 1.5, None, [], (), {}, {"a": 1}, {"a": []}, set(), A(), A, lambda: 0, b"")])
t = (1, 2)
u = (1, [])
gc.collect()
print(gc.is_tracked(t), gc.is_tracked(u))
