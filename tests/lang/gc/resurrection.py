import gc
kept = []
class Z:
    def __del__(self):
        kept.append(self)
        print("del")
z = Z()
z.me = z
del z
gc.collect()
print(len(kept), kept[0].me is kept[0])
kept.clear()
gc.collect()
print(len(kept))
x = Z()
del x
print(len(kept))
