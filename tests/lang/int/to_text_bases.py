n = 0xDEADBEEF1234567890
print(bin(n), oct(n), hex(n), hex(-n), f"{n:,} {n:_x} {n:#b}")
print(str(10 ** 50), repr(-(2 ** 100)))
