a = 256
b = 255 + 1
print(a is b, True + True, bool(0), bool(3), isinstance(True, int), True == 1, hash(True))
print(int(True), -True, ~False, True & False, True ^ True, type(True & 1))
