"""A DEFLATE decoder in Python: bits, Huffman tables, copies from the window."""
import zlib

LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115,
           131, 163, 195, 227, 258]
LENGTH_BITS = [0] * 8 + [n for n in range(1, 6) for _ in range(4)] + [0]
DISTANCES = [1, 2, 3, 4]
DISTANCE_BITS = [0, 0, 0, 0]
for bits in range(1, 14):
    DISTANCES += [(2 << bits) + 1, (3 << bits) + 1]
    DISTANCE_BITS += [bits, bits]
CODE_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]


class Bits:
    def __init__(self, data):
        self.data, self.at, self.hold, self.count = data, 0, 0, 0

    def take(self, n):
        while self.count < n:
            self.hold |= self.data[self.at] << self.count
            self.at += 1
            self.count += 8
        value = self.hold & ((1 << n) - 1)
        self.hold >>= n
        self.count -= n
        return value

    def symbol(self, table):
        code = length = 0
        while True:
            code = code << 1 | self.take(1)
            length += 1
            found = table.get((length, code))
            if found is not None:
                return found


def table_of(lengths):
    table, code = {}, 0
    for length in range(1, 16):
        for symbol, l in enumerate(lengths):
            if l == length:
                table[(length, code)] = symbol
                code += 1
        code <<= 1
    return table


def dynamic_tables(b):
    literals, distances, codes = b.take(5) + 257, b.take(5) + 1, b.take(4) + 4
    lengths = [0] * 19
    for i in range(codes):
        lengths[CODE_ORDER[i]] = b.take(3)
    table, out = table_of(lengths), []
    while len(out) < literals + distances:
        s = b.symbol(table)
        if s < 16:
            out.append(s)
        elif s == 16:
            out += [out[-1]] * (3 + b.take(2))
        else:
            out += [0] * (3 + b.take(3) if s == 17 else 11 + b.take(7))
    return table_of(out[:literals]), table_of(out[literals:])


def inflate(data):
    b, out = Bits(data), bytearray()
    last = False
    while not last:
        last, kind = b.take(1), b.take(2)
        if kind == 2:
            literals, distances = dynamic_tables(b)
        else:
            literals = table_of([8] * 144 + [9] * 112 + [7] * 24 + [8] * 8)
            distances = table_of([5] * 30)
        while (s := b.symbol(literals)) != 256:
            if s < 256:
                out.append(s)
                continue
            length = LENGTHS[s - 257] + b.take(LENGTH_BITS[s - 257])
            d = b.symbol(distances)
            start = len(out) - DISTANCES[d] - b.take(DISTANCE_BITS[d])
            for i in range(start, start + length):
                out.append(out[i])
    return bytes(out)


text = " ".join(f"{i * i} words of {i % 97} and {i * 7 % 1001}" for i in range(2500)).encode()
result = inflate(zlib.compress(text)[2:])
assert result == text
print(len(result), zlib.crc32(result))
