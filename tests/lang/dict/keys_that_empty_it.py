"""Keys whose comparison empties the dictionary that they are read from."""
class X(int):
    def __hash__(self): return 13
    def __eq__(self, other):
        if len(d) > 1: d.clear()
        return False
d = {}
d = {X(1): 1, X(2): 2}
try:
    dict.fromkeys(d)
except RuntimeError as e: print(e)

for f in (lambda: dict.fromkeys(d), lambda: {**d}, lambda: dict(d), lambda: d.copy(), lambda: d|{}, lambda: set(d), lambda: {}|d, lambda: d=={X(1):1,X(2):2}):
    for _ in range(3):
        d = {}; d={X(1):1,X(2):2}
        try: print(len(f()) if f()!=None else None)
        except Exception as e: print(type(e).__name__, e)
