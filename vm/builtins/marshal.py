"""Values as bytes, in CPython's format version 4 without references. Code objects cannot be written:
bytecode is this interpreter's own.
"""
version = 4


def _long(n):
    digits = []
    m = abs(n)
    while m:
        digits.append(m & 0x7fff)
        m >>= 15
    count = len(digits) if n >= 0 else -len(digits)
    return count.to_bytes(4, 'little', signed=True) + b''.join(d.to_bytes(2, 'little') for d in digits)


def _double(x):
    import struct
    return struct.pack('<d', x)


def _dump(x, out, depth):
    if depth > 2000:
        raise ValueError("object too deeply nested to marshal")
    kind = type(x)
    if x is None:
        out.append(b'N')
    elif x is StopIteration:
        out.append(b'S')
    elif x is Ellipsis:
        out.append(b'.')
    elif x is False:
        out.append(b'F')
    elif x is True:
        out.append(b'T')
    elif kind is int:
        out.append(b'i' + x.to_bytes(4, 'little', signed=True) if -1 << 31 <= x < 1 << 31 else b'l' + _long(x))
    elif kind is float:
        out.append(b'g' + _double(x))
    elif kind is complex:
        out.append(b'y' + _double(x.real) + _double(x.imag))
    elif kind is str:
        data = x.encode('utf-8', 'surrogatepass')
        out.append(b'u' + len(data).to_bytes(4, 'little') + data)
    elif kind in (bytes, bytearray, memoryview):
        data = bytes(x)
        out.append(b's' + len(data).to_bytes(4, 'little') + data)
    elif kind in (tuple, list, set, frozenset):
        out.append({tuple: b'(', list: b'[', set: b'<', frozenset: b'>'}[kind] + len(x).to_bytes(4, 'little'))
        for item in x:
            _dump(item, out, depth + 1)
    elif kind is dict:
        out.append(b'{')
        for key, value in x.items():
            _dump(key, out, depth + 1)
            _dump(value, out, depth + 1)
        out.append(b'0')
    else:
        raise ValueError("unmarshallable object")


def dumps(value, version=version, /):
    out = []
    _dump(value, out, 0)
    return b''.join(out)


def dump(value, file, version=version, /):
    return file.write(dumps(value, version))


_END = object()


class _Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0
        self.refs = []

    def take(self, n, what='bytes object'):
        if n < 0:
            raise ValueError("bad marshal data (%s size out of range)" % what)
        part = self.data[self.at:self.at + n]
        if len(part) < n:
            raise EOFError("marshal data too short")
        self.at += n
        return bytes(part)

    def int(self, n=4):
        return int.from_bytes(self.take(n), 'little', signed=True)

    def double(self):
        import struct
        return struct.unpack('<d', self.take(8))[0]

    def value(self):
        if self.at >= len(self.data):
            raise EOFError("EOF read where object expected")
        code = self.take(1)[0]
        flag = code & 0x80
        kind = chr(code & 0x7f)
        at = len(self.refs)
        if flag:
            self.refs.append(None)
        value = self.body(kind)
        if flag:
            self.refs[at] = value
        return value

    def items(self, n, what='tuple'):
        if n < 0:
            raise ValueError("bad marshal data (%s size out of range)" % what)
        return [self.value() for _ in range(n)]

    def body(self, kind):
        if kind in 'NFT.S0':
            return {'N': None, 'F': False, 'T': True, '.': Ellipsis, 'S': StopIteration, '0': _END}[kind]
        if kind == 'i':
            return self.int()
        if kind == 'l':
            n = self.int()
            value = 0
            for i in range(abs(n)):
                value |= self.int(2) << 15 * i
            return -value if n < 0 else value
        if kind == 'g':
            return self.double()
        if kind == 'y':
            return complex(self.double(), self.double())
        if kind == 's':
            return self.take(self.int())
        if kind in 'utaA':
            return self.take(self.int(), 'string').decode('utf-8', 'surrogatepass')
        if kind in 'zZ':
            return self.take(self.take(1)[0]).decode('latin-1')
        if kind == ')':
            return tuple(self.items(self.take(1)[0]))
        if kind in '([<>':
            made = {'(': tuple, '[': list, '<': set, '>': frozenset}[kind]
            return made(self.items(self.int(), 'list' if kind == '[' else 'set' if kind in '<>' else 'tuple'))
        if kind == '{':
            out = {}
            while (key := self.value()) is not _END:
                out[key] = self.value()
            return out
        if kind == 'r':
            n = self.int()
            if not 0 <= n < len(self.refs):
                raise ValueError("bad marshal data (invalid reference)")
            return self.refs[n]
        raise ValueError("bad marshal data (unknown type code)")


def loads(data, /):
    return _Reader(memoryview(data)).value()


def load(file, /):
    return loads(file.read())
