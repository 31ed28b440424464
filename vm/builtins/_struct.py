"""Packing values into bytes and back, as the module struct describes the formats."""
import sys as _sys


class error(Exception):
    """An exception raised by struct."""


error.__module__ = 'struct'

_INTS = {'b': (1, True), 'B': (1, False), 'h': (2, True), 'H': (2, False), 'i': (4, True), 'I': (4, False),
         'l': (4, True), 'L': (4, False), 'q': (8, True), 'Q': (8, False)}
_NATIVE = dict(_INTS, l=(8, True), L=(8, False), n=(8, True), N=(8, False), P=(8, False))
_OTHER = {'x': 1, 'c': 1, 's': 1, 'p': 1, '?': 1, 'e': 2, 'f': 4, 'd': 8}
_cache = {}


def _half_to_bits(x):
    import math
    sign = 0x8000 if math.copysign(1.0, x) < 0 else 0
    if x != x:
        return sign | 0x7e00
    x = abs(x)
    if x == math.inf:
        return sign | 0x7c00
    if x == 0:
        return sign
    m, e = math.frexp(x)
    e += 14
    if e <= 0:
        n = round(math.ldexp(m, 11 + e - 1))
    else:
        n = round(math.ldexp(m, 11)) + (e - 1 << 10)
    if n >= 0x7c00:
        raise OverflowError("float too large to pack with e format")
    return sign | n


def _half_from_bits(n):
    e, m = n >> 10 & 31, n & 1023
    if e == 31:
        x = float('nan') if m else float('inf')
    elif e == 0:
        x = m * 2.0 ** -24
    else:
        x = (1024 + m) * 2.0 ** (e - 25)
    return -x if n & 0x8000 else x


def _float_bytes(x, code, order, native):
    import math
    x = float(x)
    if code == 'e':
        return _half_to_bits(x).to_bytes(2, order)
    if code == 'f' and not native and math.isfinite(x) and abs(x) >= 3.4028235677973366e+38:
        raise OverflowError("float too large to pack with f format")
    data = bytearray(8 if code == 'd' else 4)
    memoryview(data).cast(code)[0] = x
    return bytes(data) if order == 'little' else bytes(reversed(data))


def _float_value(data, code, order):
    if code == 'e':
        return _half_from_bits(int.from_bytes(data, order))
    return memoryview(data if order == 'little' else data[::-1]).cast(code)[0]


class _Layout:
    """A format taken apart: items (offset, code, count, size), one for however many of a code."""

    def __init__(self, format):
        native = True
        order = _sys.byteorder
        align = True
        rest = format
        if format[:1] in ('@', '=', '<', '>', '!'):
            align = native = format[0] == '@'
            order = {'<': 'little', '>': 'big', '!': 'big'}.get(format[0], _sys.byteorder)
            rest = format[1:]
        ints = _NATIVE if native else _INTS
        self.order = order
        self.ints = ints
        self.native = native
        self.items = []
        self.values = 0
        at = 0
        i = 0
        while i < len(rest):
            c = rest[i]
            i += 1
            if c.isspace():
                continue
            count = None
            start = i - 1
            while c.isdigit():
                if i >= len(rest):
                    raise error("repeat count given without format specifier")
                c = rest[i]
                i += 1
            if i - 1 > start:
                count = int(rest[start:i - 1])
            if c in ints:
                size = ints[c][0]
            elif c in _OTHER:
                size = _OTHER[c]
            else:
                raise error("bad char in struct format")
            if align and size > 1:
                at += -at % size
            n = 1 if count is None else count
            if c in 'sp':
                self.items.append((at, c, n, size))
                self.values += 1
            elif c != 'x':
                self.items.append((at, c, n, size))
                self.values += n
            at += n * size
            if at > _sys.maxsize:
                raise error("total struct size too long")
        self.size = at


def _each(layout):
    """The items one value at a time."""
    for at, code, n, size in layout.items:
        if code in 'sp':
            yield at, code, n, size
        else:
            for k in range(n):
                yield at + k * size, code, 1, size


def _layout(format):
    if isinstance(format, (bytes, bytearray)):
        format = format.decode('ascii')
    elif isinstance(format, str):
        format.encode('ascii')
    else:
        raise TypeError("Struct() argument 1 must be a str or bytes object, not " + type(format).__name__)
    try:
        return _cache[format]
    except KeyError:
        if len(_cache) > 100:
            _cache.clear()
        layout = _cache[format] = _Layout(format)
        return layout


def _pack_int(x, code, size, signed, order, native):
    if not hasattr(x, '__index__'):
        raise error("required argument is not an integer")
    try:
        return x.__index__().to_bytes(size, order, signed=signed)
    except OverflowError:
        if code == 'P':         # an address may be written as a negative number
            try:
                return x.__index__().to_bytes(8, order, signed=True)
            except OverflowError:
                raise error("int too large to convert") from None
        if size == 8:
            raise error("int too large to convert" if not native and (x > 0 or signed) else
                        "argument out of range") from None
        low, high = (-1 << size * 8 - 1, (1 << size * 8 - 1) - 1) if signed else (0, (1 << size * 8) - 1)
        if size <= 2:
            kind = {'b': 'byte', 'B': 'ubyte', 'h': 'short', 'H': 'ushort'}[code]
            raise error("%s format requires %s <= number <= %s" % (kind, low, high)) from None
        raise error("'%s' format requires %d <= number <= %d" % (code, low, high)) from None


def _pack(layout, values, what):
    if len(values) != layout.values:
        raise error("%s expected %d items for packing (got %d)" % (what, layout.values, len(values)))
    out = bytearray(layout.size)
    order = layout.order
    for (at, code, n, size), x in zip(_each(layout), values):
        if code in layout.ints:
            data = _pack_int(x, code, size, layout.ints[code][1], order, layout.native)
        elif code in 'efd':
            if not hasattr(x, '__float__') and not hasattr(x, '__index__'):
                raise error("required argument is not a float")
            data = _float_bytes(x, code, order, layout.native)
        elif code == '?':
            data = b'\1' if x else b'\0'
        elif code == 'c':
            if not isinstance(x, (bytes, bytearray)) or len(x) != 1:
                raise error("char format requires a bytes object of length 1")
            data = bytes(x)
        else:
            if not isinstance(x, (bytes, bytearray)):
                raise error("argument for '%s' must be a bytes object" % code)
            if code == 's':
                data = bytes(x[:n])
            else:
                part = bytes(x[:min(n - 1, 255)]) if n else b''
                data = bytes([len(part)]) + part if n else b''
        out[at:at + len(data)] = data
    return out


def _unpack(layout, data):
    out = []
    order = layout.order
    for at, code, n, size in _each(layout):
        if code in layout.ints:
            out.append(int.from_bytes(data[at:at + size], order, signed=layout.ints[code][1]))
        elif code in 'efd':
            out.append(_float_value(data[at:at + size], code, order))
        elif code == '?':
            out.append(data[at] != 0)
        elif code == 'p':
            out.append(data[at + 1:at + 1 + min(data[at], n - 1)] if n else b'')
        else:
            out.append(data[at:at + n])
    return tuple(out)


def calcsize(format, /):
    return _layout(format).size


def pack(format, /, *values):
    return bytes(_pack(_layout(format), values, 'pack'))


def _pack_into(layout, buffer, offset, values):
    if memoryview(buffer).readonly:
        raise TypeError("argument must be read-write bytes-like object, not " + type(buffer).__name__)
    with memoryview(buffer) as view, view.cast('B') as octets:
        size = len(octets)
        at = offset + size if offset < 0 else offset
        if at < 0:
            raise error("offset %d out of range for %d-byte buffer" % (offset, size))
        if size - at < layout.size:
            raise error("pack_into requires a buffer of at least %d bytes for packing %d bytes at offset %d "
                        "(actual buffer size is %d)" % (layout.size + at, layout.size, at, size))
        octets[at:at + layout.size] = _pack(layout, values, 'pack_into')


def pack_into(format, buffer, offset, /, *values):
    _pack_into(_layout(format), buffer, offset, values)


def _unpack_all(layout, buffer):
    data = bytes(buffer)
    if len(data) != layout.size:
        raise error("unpack requires a buffer of %d bytes" % layout.size)
    return _unpack(layout, data)


def unpack(format, buffer, /):
    return _unpack_all(_layout(format), buffer)


def _unpack_at(layout, buffer, offset):
    data = memoryview(buffer).cast('B')
    at = offset + len(data) if offset < 0 else offset
    if at < 0:
        raise error("offset %d out of range for %d-byte buffer" % (offset, len(data)))
    if len(data) - at < layout.size:
        raise error("unpack_from requires a buffer of at least %d bytes for unpacking %d bytes at offset %d "
                    "(actual buffer size is %d)" % (layout.size + at, layout.size, at, len(data)))
    return _unpack(layout, bytes(data[at:at + layout.size]))


def unpack_from(format, /, buffer, offset=0):
    return _unpack_at(_layout(format), buffer, offset)


def _iterate(layout, buffer):
    if layout.size == 0:
        raise error("cannot iteratively unpack with a struct of length 0")
    data = bytes(buffer)
    if len(data) % layout.size:
        raise error("iterative unpacking requires a buffer of a multiple of %d bytes" % layout.size)
    return (_unpack(layout, data[i:i + layout.size]) for i in range(0, len(data), layout.size))


def iter_unpack(format, buffer, /):
    return _iterate(_layout(format), buffer)


def _clearcache():
    _cache.clear()


class Struct:
    """A compiled format."""

    def __init__(self, format):
        self._layout = _layout(format)
        self.format = format.decode('ascii') if isinstance(format, bytes) else format
        self.size = self._layout.size

    def pack(self, *values):
        return bytes(_pack(self._layout, values, 'pack'))

    def pack_into(self, buffer, offset, /, *values):
        _pack_into(self._layout, buffer, offset, values)

    def unpack(self, buffer, /):
        return _unpack_all(self._layout, buffer)

    def unpack_from(self, buffer, offset=0):
        return _unpack_at(self._layout, buffer, offset)

    def iter_unpack(self, buffer, /):
        return _iterate(self._layout, buffer)

    def __repr__(self):
        return "Struct(%r)" % self.format


Struct.__module__ = '_struct'
