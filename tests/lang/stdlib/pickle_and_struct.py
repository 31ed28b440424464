"""pickle (its Python code), copy and struct."""
import copy
import pickle
import struct

for fmt, values in (("<ihq", (1, -2, 3)), (">BHIQ", (255, 65535, 1, 2**63)), ("@bxl", (1, 2)), ("3s2c?", (b"abcd", b"x", b"y", True)),
                    ("<f", (1.5,)), (">d", (-2.25,)), ("<e", (0.333,)), ("5p", (b"hello",)), ("=2i", (1, 2)), ("", ())):
    data = struct.pack(fmt, *values)
    print(fmt, data.hex(), struct.calcsize(fmt), struct.unpack(fmt, data))
print(list(struct.iter_unpack("<h", b"\1\0\2\0")), struct.unpack_from("<h", b"xx\5\0", 2), struct.Struct(">I").pack(7))
buffer = bytearray(6)
struct.pack_into("<h", buffer, 2, 258)
print(buffer, struct.calcsize("@bi"), struct.calcsize("=bi"))
for call in (lambda: struct.pack("i", "x"), lambda: struct.pack("B", 256), lambda: struct.pack("h", 40000), lambda: struct.pack("ii", 1),
             lambda: struct.unpack("i", b"abc"), lambda: struct.pack("y", 1), lambda: struct.pack("i", 2**31)):
    try:
        print(call())
    except struct.error as e:
        print(e)


class Thing:
    def __init__(self, x):
        self.x = x
        self.me = self

    def __eq__(self, other):
        return self.x == other.x


class State:
    def __getstate__(self):
        return {"kept": 1}

    def __setstate__(self, state):
        self.restored = state


class Args(tuple):
    def __new__(cls, a, b):
        return super().__new__(cls, (a, b))

    def __getnewargs__(self):
        return tuple(self)


shared = [1]
value = {"a": [1, 2.5, 10**40, -1], "t": (None, True, "é", b"x"), "s": {1, 2}, "f": frozenset("a"), "c": 1 + 2j, "l": [shared, shared],
         "b": bytearray(b"q"), "r": range(3), "e": ValueError("v")}
for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
    again = pickle.loads(pickle.dumps(value, protocol))
    print(protocol, repr(again) == repr(value), again["l"][0] is again["l"][1])
    t = pickle.loads(pickle.dumps(Thing(5), protocol))
    print(t == Thing(5), t.me is t, pickle.loads(pickle.dumps(len, protocol)) is len)
    if protocol >= 2:
        print(pickle.loads(pickle.dumps(State())).restored, pickle.loads(pickle.dumps(Args(1, 2), protocol)))
for bad in (lambda: 0, (x for x in [])):
    try:
        pickle.dumps(bad)
    except (pickle.PicklingError, AttributeError, TypeError) as e:
        print(type(e).__name__)
a = [1, [2, 3], {"k": Thing(1)}]
b, c = copy.copy(a), copy.deepcopy(a)
a[1].append(4)
print(b[1], c[1], c[2]["k"] == Thing(1), c[2]["k"] is not a[2]["k"], copy.deepcopy({1: (2, [3])}))

import base64
import binascii

for data in (b"", b"a", b"ab", b"abc", bytes(range(40))):
    text = base64.b64encode(data)
    print(text, base64.b64decode(text) == data, binascii.hexlify(data, "-"), binascii.unhexlify(binascii.hexlify(data)) == data, binascii.crc32(data))
for bad in ("a", "abc", "abcde"):
    try:
        base64.b64decode(bad)
    except binascii.Error as e:
        print(e)
