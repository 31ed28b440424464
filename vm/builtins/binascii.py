"""Between bytes and text: hexadecimal, base64, quoted-printable, uuencoding; checksums."""
from zlib import crc32


class Error(ValueError):
    pass


class Incomplete(Exception):
    pass


Error.__module__ = Incomplete.__module__ = 'binascii'
_B64 = b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
_VALUE = {c: i for i, c in enumerate(_B64)}


def _ascii(data):
    if isinstance(data, str):
        try:
            return data.encode('ascii')
        except UnicodeEncodeError:
            raise ValueError("string argument should contain only ASCII characters") from None
    return _octets(data)


def _octets(data):
    try:
        with memoryview(data) as view:
            return view.tobytes()
    except TypeError:
        raise TypeError("a bytes-like object is required, not '%s'" % type(data).__name__) from None


def hexlify(data, sep=None, bytes_per_sep=1):
    data = _octets(data)
    return (data.hex() if sep is None else data.hex(sep, bytes_per_sep)).encode('ascii')


b2a_hex = hexlify


def unhexlify(hexstr, /):
    text = _ascii(hexstr)
    if len(text) % 2:
        raise Error("Odd-length string")
    if any(c not in b'0123456789abcdefABCDEF' for c in text):
        raise Error("Non-hexadecimal digit found")
    return bytes.fromhex(text.decode('ascii'))


a2b_hex = unhexlify


def b2a_base64(data, /, *, newline=True):
    data = _octets(data)
    out = bytearray()
    for i in range(0, len(data), 3):
        part = data[i:i + 3]
        n = int.from_bytes(part + bytes(3 - len(part)), 'big')
        out += bytes((_B64[n >> 18], _B64[n >> 12 & 63], _B64[n >> 6 & 63], _B64[n & 63]))[:len(part) + 1]
        out += b'=' * (3 - len(part))
    return bytes(out) + (b'\n' if newline else b'')


def a2b_base64(data, /, *, strict_mode=False):
    data = _ascii(data)
    out = bytearray()
    bits = count = pads = 0
    for at, c in enumerate(data):
        if c == 61:
            pads += 1
            if count >= 2 and count + pads >= 4:
                if strict_mode and at + 1 < len(data):
                    raise Error("Excess data after padding")
                return bytes(out)
            if strict_mode and count == 0:
                raise Error("Leading padding not allowed" if not out else "Excess data after padding")
            continue
        value = _VALUE.get(c)
        if value is None:
            if strict_mode:
                raise Error("Only base64 data is allowed")
            continue
        if strict_mode and pads:
            raise Error("Discontinuous padding not allowed")
        pads = 0
        bits = bits << 6 | value
        count += 1
        if count > 1:
            out.append(bits >> {2: 4, 3: 2, 4: 0}[count] & 255)
        if count == 4:
            bits = count = 0
    if count:
        if count == 1:
            raise Error("Invalid base64-encoded string: number of data characters (%d) cannot be 1 more than a "
                        "multiple of 4" % (len(out) // 3 * 4 + 1))
        raise Error("Incorrect padding")
    return bytes(out)


def crc_hqx(data, crc, /):
    crc &= 0xffff
    for b in _octets(data):
        crc ^= b << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xffff
    return crc


def b2a_qp(data, quotetabs=False, istext=True, header=False):
    out = bytearray()
    line = 0
    data = _octets(data)
    for i, c in enumerate(data):
        if istext and c == 10:
            out.append(c)
            line = 0
            continue
        last = i + 1 == len(data) or data[i + 1] in b'\r\n'
        plain = 33 <= c <= 126 and c != 61 and not (header and c == 95) or c in b' \t' and not quotetabs and not last \
            or istext and c == 13
        token = b'_' if header and c == 32 else bytes((c,)) if plain else b'=%02X' % c
        if line + len(token) >= 76:
            out += b'=\n'
            line = 0
        out += token
        line += len(token)
    return bytes(out)


def a2b_qp(data, header=False):
    data = _ascii(data)
    out = bytearray()
    i = 0
    while i < len(data):
        c = data[i]
        i += 1
        if c == 61:
            if i == len(data):
                break
            if data[i] in b'\r\n':    # the line goes on
                end = data.find(b'\n', i)
                i = end + 1 if end >= 0 else len(data)
            elif data[i] == 61:    # written so by mistake
                out.append(c)
                i += 1
            elif len(data) - i >= 2 and all(x in b'0123456789abcdefABCDEF' for x in data[i:i + 2]):
                out.append(int(data[i:i + 2], 16))
                i += 2
            else:
                out.append(c)
        elif header and c == 95:
            out.append(32)
        else:
            out.append(c)
    return bytes(out)


def b2a_uu(data, /, *, backtick=False):
    data = _octets(data)
    if len(data) > 45:
        raise Error("At most 45 bytes at once")
    zero = 0x60 if backtick else 0x20
    out = bytearray([32 + len(data) if data else zero])
    for i in range(0, len(data), 3):
        n = int.from_bytes(data[i:i + 3].ljust(3, b'\0'), 'big')
        out += bytes(32 + (n >> shift & 63) if n >> shift & 63 else zero for shift in (18, 12, 6, 0))
    return bytes(out) + b'\n'


def a2b_uu(data, /):
    data = _ascii(data)
    length = (data[0] if data else 0) - 32 & 63
    end = 1
    bits = held = 0
    out = bytearray()
    while len(out) < length:
        c = data[end] if end < len(data) else 10
        end += 1
        if c in b'\r\n':        # editors take spaces at the end of a line away
            c = 32
        if not 32 <= c <= 96:
            raise Error("Illegal char")
        bits = bits << 6 | (c - 32 & 63)
        held += 6
        if held >= 8:
            held -= 8
            out.append(bits >> held & 255)
            bits &= (1 << held) - 1
    if any(c not in b' `\r\n' for c in data[end:]):
        raise Error("Trailing garbage")
    return bytes(out)
