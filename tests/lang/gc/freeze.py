import gc
gc.collect()
gc.freeze()
n = gc.get_freeze_count()
print(n > 0)
gc.unfreeze()
print(gc.get_freeze_count())
for bad in (3, -1):
    try:
        gc.collect(bad)
    except ValueError as e:
        print(e)
