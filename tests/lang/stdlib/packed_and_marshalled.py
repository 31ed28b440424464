"""struct, binascii and marshal: counts without end, arguments of the wrong kind, damaged data."""
import binascii
import io
import marshal
import struct
import sys


def attempt(function, *args):
    try:
        print(function(*args))
    except Exception as e:
        print(type(e).__name__, e)


for format in ("300000000i", "<200000000q", "9" * 25 + "s", "%ds5s" % sys.maxsize, "é", "3h0i2sx"):
    attempt(struct.calcsize, format)
for format, value in (("f", 1e40), ("<f", 1e40), ("P", -1), ("P", 1 << 64), ("q", 1 << 63), (">q", 1 << 63),
                      ("l", -1 << 70), ("Q", -1), ("=Q", -1)):
    attempt(struct.pack, format, value)
attempt(struct.pack_into, "i", b"abcd", 0, 1)
print(struct.unpack(">3h2s2?", struct.pack(">3h2s2?", 1, -2, 3, b"ab", True, [])))

for function in (binascii.hexlify, binascii.b2a_base64, binascii.crc32, binascii.b2a_uu, binascii.b2a_qp):
    for wrong in ("x", 5, [1]):
        attempt(function, wrong)
print(binascii.crc32(b"abc", 5), binascii.crc32(memoryview(b"abc")))
for data in (b"", b"a", b"ab", b"abc", bytes(4), bytes(range(45)), bytes(46)):
    attempt(binascii.b2a_uu, data)
    attempt(lambda: binascii.b2a_uu(data, backtick=True))
    if len(data) <= 45:
        print(binascii.a2b_uu(binascii.b2a_uu(data)) == data)
for text in ("", "\n", "#86)C", "#86)C\n", "#86\n", "#86)Cx\n", "#8\x7f)C", "#86)C  ``\n", b"!``\n", "é"):
    attempt(binascii.a2b_uu, text)

for data in (b"", b"i", b"s\xff\xff\xff\xff", b"u\xfe\xff\xff\xff", b"(\xff\xff\xff\xff", b"[\xff\xff\xff\xff",
             b"<\xff\xff\xff\xff", b"r\x05\0\0\0", b"r\xff\xff\xff\xff", b"[\2\0\0\0N", b"?"):
    attempt(marshal.loads, data)


class Shrinking(io.RawIOBase):
    def readable(self):
        return True

    def readinto(self, buffer):
        buffer[:] = b"ab"
        return 2


print(Shrinking().read(10))
