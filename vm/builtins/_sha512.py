"""SHA-512 and SHA-384 (FIPS 180-4), for seeding random by text and for hashlib."""

_MASK = (1 << 64) - 1


def _primes(n):
    found = []
    i = 2
    while len(found) < n:
        if all(i % p for p in found):
            found.append(i)
        i += 1
    return found


def _root(value, power):
    """Whole part of the root."""
    low, high = 0, 1 << (value.bit_length() // power + 1)
    while low < high:
        mid = (low + high + 1) // 2
        if mid ** power <= value:
            low = mid
        else:
            high = mid - 1
    return low


# The fractions of square and cube roots of the first primes.
_P = _primes(80)
_K = [_root(p << 192, 3) & _MASK for p in _P]
_H512 = [_root(p << 128, 2) & _MASK for p in _P[:8]]
_H384 = [_root(p << 128, 2) & _MASK for p in _P[8:16]]


def _rotate(x, n):
    return (x >> n | x << 64 - n) & _MASK


def _block(state, data):
    w = [int.from_bytes(data[i:i + 8], 'big') for i in range(0, 128, 8)]
    for t in range(16, 80):
        x, y = w[t - 15], w[t - 2]
        s0 = _rotate(x, 1) ^ _rotate(x, 8) ^ x >> 7
        s1 = _rotate(y, 19) ^ _rotate(y, 61) ^ y >> 6
        w.append(w[t - 16] + s0 + w[t - 7] + s1 & _MASK)
    a, b, c, d, e, f, g, h = state
    for t in range(80):
        t1 = h + (_rotate(e, 14) ^ _rotate(e, 18) ^ _rotate(e, 41)) + (e & f ^ ~e & _MASK & g) + _K[t] + w[t]
        t2 = (_rotate(a, 28) ^ _rotate(a, 34) ^ _rotate(a, 39)) + (a & b ^ a & c ^ b & c)
        h, g, f, e, d, c, b, a = g, f, e, d + t1 & _MASK, c, b, a, t1 + t2 & _MASK
    return [x + y & _MASK for x, y in zip(state, (a, b, c, d, e, f, g, h))]


class _Hash:
    block_size = 128

    def __init__(self, name, size, state, data=b''):
        self.name = name
        self.digest_size = size
        self._state = state
        self._rest = b''
        self._length = 0
        self.update(data)

    def update(self, data, /):
        if isinstance(data, str):
            raise TypeError("Strings must be encoded before hashing")
        data = bytes(data)
        self._length += len(data)
        data = self._rest + data
        whole = len(data) // 128 * 128
        for i in range(0, whole, 128):
            self._state = _block(self._state, data[i:i + 128])
        self._rest = data[whole:]

    def digest(self):
        tail = self._rest + b'\x80'
        tail += bytes(-(len(tail) + 16) % 128) + (self._length * 8).to_bytes(16, 'big')
        state = self._state
        for i in range(0, len(tail), 128):
            state = _block(state, tail[i:i + 128])
        return b''.join(x.to_bytes(8, 'big') for x in state)[:self.digest_size]

    def hexdigest(self):
        return self.digest().hex()

    def copy(self):
        new = _Hash(self.name, self.digest_size, self._state)
        new._rest = self._rest
        new._length = self._length
        return new


def sha512(string=b'', *, usedforsecurity=True):
    return _Hash('sha512', 64, _H512, string)


def sha384(string=b'', *, usedforsecurity=True):
    return _Hash('sha384', 48, _H384, string)
