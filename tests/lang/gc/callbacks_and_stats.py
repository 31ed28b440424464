import gc

gc.disable()  # no collection of its own between ours
events = []
def cb(phase, info):
    events.append((phase, info["generation"], sorted(info)))
gc.callbacks.append(cb)
gc.collect(0)
gc.collect()
gc.callbacks.remove(cb)
print(events)
s = gc.get_stats()
print(len(s), sorted(s[0]), s[2]["collections"] >= 1)
