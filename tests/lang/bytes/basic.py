b = b"hello\x00\xff'\""
print(b, b[0], b[-1], b[1:3], b[::-1], len(b), b + b"x", b"ab" * 3, 104 in b, b"ll" in b, bytes([1, 2, 3]), bytes(3), bytes("é", "utf-8"))
print(b"abc" < b"abd", b"a" == "a", hash(b"a") == hash(b"a"), list(b"abc"), b"x".hex(), bytes.fromhex("01 ff"))
