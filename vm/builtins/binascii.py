"""Between bytes and text: hexadecimal, base64, CRC-32."""


class Error(ValueError):
    pass


class Incomplete(Exception):
    pass


Error.__module__ = Incomplete.__module__ = 'binascii'
_B64 = b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
_VALUE = {c: i for i, c in enumerate(_B64)}
_crc_table = []


def _ascii(data):
    if isinstance(data, str):
        try:
            return data.encode('ascii')
        except UnicodeEncodeError:
            raise ValueError("string argument should contain only ASCII characters") from None
    return bytes(data)


def hexlify(data, sep=None, bytes_per_sep=1):
    data = bytes(data)
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
    data = bytes(data)
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


def crc32(data, value=0, /):
    if not _crc_table:
        for n in range(256):
            for _ in range(8):
                n = n >> 1 ^ 0xedb88320 if n & 1 else n >> 1
            _crc_table.append(n)
    crc = value & 0xffffffff ^ 0xffffffff
    for b in bytes(data):
        crc = crc >> 8 ^ _crc_table[(crc ^ b) & 255]
    return crc ^ 0xffffffff


def crc_hqx(data, crc, /):
    crc &= 0xffff
    for b in bytes(data):
        crc ^= b << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xffff
    return crc


def b2a_qp(data, quotetabs=False, istext=True, header=False):
    out = bytearray()
    line = 0
    data = bytes(data)
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
            if data[i:i + 1] == b'\n':
                i += 1
            elif data[i:i + 2] == b'\r\n':
                i += 2
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
