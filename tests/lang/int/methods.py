print((255).bit_length(), (-255).bit_count(), (1024).to_bytes(4, "big"), (-2).to_bytes(3, "little", signed=True))
print(int.from_bytes(b"\x01\x02", "big"), int.from_bytes(b"\xff\xfe", "little", signed=True))
print((7).as_integer_ratio(), (5).conjugate(), (5).real, (5).imag, (5).numerator, (5).denominator)
try:
    (300).to_bytes(1, "big")
except OverflowError as e:
    print(e)
