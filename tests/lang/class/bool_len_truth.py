class E:
    def __len__(self): return 0
class T:
    def __bool__(self): return True
    def __len__(self): return 0
class Bad:
    def __bool__(self): return 5
class Neg:
    def __len__(self): return -1
print(bool(E()), bool(T()), not E(), "yes" if T() else "no", [x for x in (E(), T()) if x] != [])
for c in (Bad, Neg):
    try:
        bool(c())
    except Exception as e:
        print(type(e).__name__, e)
