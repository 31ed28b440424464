print(type(1), type("a"), type(None), type(type), type(print), type(lambda: 0), type([]), int("5") + float("1.5"), str(5), bool([]), list("ab"), chr(97), ord("a"), bin(5), hex(255), oct(8), ascii("é"), repr("x"))
print(isinstance(1, (str, int)), issubclass(bool, int), isinstance(True, bool), isinstance([], object), id(1) == id(1), hash("a") == hash("a"))
for f in (lambda: isinstance(1, 5), lambda: ord("ab"), lambda: chr(-1), lambda: int([]), lambda: float("x"), lambda: len(5), lambda: hash([])):
    try:
        f()
    except Exception as e:
        print(type(e).__name__, e)
