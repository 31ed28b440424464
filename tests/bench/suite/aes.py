"""AES-128 in counter mode, in Python over lists of bytes."""


def boxes():
    p = q = 1
    box = [0] * 256
    while True:
        p = (p ^ (p << 1) ^ (0x11B if p & 0x80 else 0)) & 0xFF
        q ^= q << 1
        q ^= q << 2
        q ^= q << 4
        q &= 0xFF
        if q & 0x80:
            q ^= 0x09
        x = q ^ (q << 1 | q >> 7) ^ (q << 2 | q >> 6) ^ (q << 3 | q >> 5) ^ (q << 4 | q >> 4)
        box[p] = (x ^ 0x63) & 0xFF
        if p == 1:
            break
    box[0] = 0x63
    return box


BOX = boxes()
DOUBLE = [(i << 1 ^ (0x1B if i & 0x80 else 0)) & 0xFF for i in range(256)]
SHIFT = [(4 * (c + r) + r) % 16 for c in range(4) for r in range(4)]


def expand(key):
    words, constant = [list(key[i : i + 4]) for i in range(0, 16, 4)], 1
    for i in range(4, 44):
        word = list(words[-1])
        if i % 4 == 0:
            word = [BOX[b] for b in word[1:] + word[:1]]
            word[0] ^= constant
            constant = DOUBLE[constant]
        words.append([a ^ b for a, b in zip(words[-4], word)])
    return [sum(words[i : i + 4], []) for i in range(0, 44, 4)]


def encrypt(block, keys):
    state = [a ^ b for a, b in zip(block, keys[0])]
    for n in range(1, 11):
        state = [BOX[state[i]] for i in SHIFT]
        if n < 10:
            mixed = []
            for i in range(0, 16, 4):
                a, b, c, d = state[i : i + 4]
                t = a ^ b ^ c ^ d
                mixed += [a ^ t ^ DOUBLE[a ^ b], b ^ t ^ DOUBLE[b ^ c],
                          c ^ t ^ DOUBLE[c ^ d], d ^ t ^ DOUBLE[d ^ a]]
            state = mixed
        state = [a ^ b for a, b in zip(state, keys[n])]
    return bytes(state)


keys = expand(bytes(range(16)))
first = encrypt(bytes.fromhex("00112233445566778899aabbccddeeff"), keys)
assert first.hex() == "69c4e0d86a7b0430d8cdb78070b4c55a"
out = bytearray()
for counter in range(700):
    out += encrypt(counter.to_bytes(16, "big"), keys)
print(first.hex(), sum(i * b for i, b in enumerate(out)) % 1000000007)
