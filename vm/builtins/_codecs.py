"""The registry of codecs and error handlers, and the codecs that need no tables.

str.encode and bytes.decode know UTF-8, UTF-16, UTF-32, ASCII and Latin-1 themselves; they come here
for every other encoding (_encode_text, _decode_text) and for error handlers that a program has
registered (_encode_slow, _decode_slow).
"""

_search_path = []
_cache = {}
_handlers = {}


def register(search_function, /):
    if not callable(search_function):
        raise TypeError("argument must be callable")
    _search_path.append(search_function)


def unregister(search_function, /):
    if search_function in _search_path:
        _search_path.remove(search_function)
        _cache.clear()


def _normal(encoding):
    if not isinstance(encoding, str):
        raise TypeError("lookup() argument must be str, not " + type(encoding).__name__)
    if '\0' in encoding:
        raise ValueError("embedded null character")
    return encoding.lower().replace(' ', '_')


def lookup(encoding, /):
    name = _normal(encoding)
    if name in _cache:
        return _cache[name]
    if not _search_path:
        try:
            import encodings
        except ImportError:
            raise LookupError("no codec search functions registered: can't find encoding") from None
    for search in _search_path:
        info = search(name)
        if info is None:
            continue
        if not isinstance(info, tuple) or len(info) != 4:
            raise TypeError("codec search functions must return 4-tuples")
        _cache[name] = info
        return info
    raise LookupError("unknown encoding: " + encoding)


def _forget_codec(name):
    _cache.pop(name, None)


def encode(obj, encoding='utf-8', errors='strict'):
    return lookup(encoding)[0](obj, errors)[0]


def decode(obj, encoding='utf-8', errors='strict'):
    return lookup(encoding)[1](obj, errors)[0]


def _encode_text(text, encoding, errors):
    info = lookup(encoding)
    if not getattr(info, '_is_text_encoding', True):
        raise LookupError("%r is not a text encoding; use codecs.encode() to handle arbitrary codecs" % encoding)
    out = info[0](text, errors or 'strict')[0]
    if not isinstance(out, bytes):
        raise TypeError("%r encoder returned %r instead of 'bytes'; use codecs.encode() to encode to arbitrary types"
                        % (encoding, type(out).__name__))
    return out


def _decode_text(data, encoding, errors):
    info = lookup(encoding)
    if not getattr(info, '_is_text_encoding', True):
        raise LookupError("%r is not a text encoding; use codecs.decode() to handle arbitrary codecs" % encoding)
    out = info[1](data, errors or 'strict')[0]
    if not isinstance(out, str):
        raise TypeError("%r decoder returned %r instead of 'str'; use codecs.decode() to decode to arbitrary types"
                        % (encoding, type(out).__name__))
    return out


# ---- error handlers

def register_error(errors, handler, /):
    if not callable(handler):
        raise TypeError("handler must be callable")
    _handlers[errors] = handler


def lookup_error(name, /):
    try:
        return _handlers[name]
    except KeyError:
        raise LookupError("unknown error handler name '%s'" % name) from None


def strict_errors(e):
    if isinstance(e, Exception):
        raise e
    raise TypeError("codec must pass exception instance")


def ignore_errors(e):
    if not isinstance(e, UnicodeError):
        raise TypeError("don't know how to handle %s in error callback" % type(e).__name__)
    return '', e.end


def replace_errors(e):
    if isinstance(e, UnicodeEncodeError):
        return '?' * (e.end - e.start), e.end
    if isinstance(e, UnicodeDecodeError):
        return '\ufffd', e.end
    if isinstance(e, UnicodeTranslateError):
        return '\ufffd' * (e.end - e.start), e.end
    raise TypeError("don't know how to handle %s in error callback" % type(e).__name__)


def xmlcharrefreplace_errors(e):
    if not isinstance(e, UnicodeEncodeError):
        raise TypeError("don't know how to handle %s in error callback" % type(e).__name__)
    return ''.join('&#%d;' % ord(c) for c in e.object[e.start:e.end]), e.end


def _escaped(c):
    n = ord(c)
    return '\\x%02x' % n if n < 0x100 else '\\u%04x' % n if n < 0x10000 else '\\U%08x' % n


def backslashreplace_errors(e):
    if isinstance(e, UnicodeDecodeError):
        return ''.join('\\x%02x' % b for b in e.object[e.start:e.end]), e.end
    if isinstance(e, (UnicodeEncodeError, UnicodeTranslateError)):
        return ''.join(_escaped(c) for c in e.object[e.start:e.end]), e.end
    raise TypeError("don't know how to handle %s in error callback" % type(e).__name__)


def namereplace_errors(e):
    import unicodedata
    out = []
    for c in e.object[e.start:e.end]:
        name = unicodedata.name(c, None)
        out.append('\\N{%s}' % name if name else _escaped(c))
    return ''.join(out), e.end


def _surrogateescape(e):
    if isinstance(e, UnicodeEncodeError):
        out = bytearray()
        for c in e.object[e.start:e.end]:
            if not 0xdc80 <= ord(c) <= 0xdcff:
                raise e
            out.append(ord(c) - 0xdc00)
        return bytes(out), e.end
    if isinstance(e, UnicodeDecodeError):
        part = e.object[e.start:min(e.end, e.start + 4)]
        out = ''
        for b in part:
            if b < 128:
                break
            out += chr(0xdc00 + b)
        if not out:
            raise e
        return out, e.start + len(out)
    raise TypeError("don't know how to handle %s in error callback" % type(e).__name__)


def _surrogatepass(e):
    raise e


for _name, _handler in (('strict', strict_errors), ('ignore', ignore_errors), ('replace', replace_errors),
                        ('xmlcharrefreplace', xmlcharrefreplace_errors),
                        ('backslashreplace', backslashreplace_errors), ('namereplace', namereplace_errors),
                        ('surrogateescape', _surrogateescape), ('surrogatepass', _surrogatepass)):
    _handlers[_name] = _handler


def _encode_slow(text, encoding, errors):
    """With an error handler of the program's own."""
    handler = lookup_error(errors)
    out = b''
    pos = 0
    while True:
        try:
            return out + text[pos:].encode(encoding)
        except UnicodeEncodeError as e:
            start, end = e.start + pos, e.end + pos
            out += text[pos:start].encode(encoding)
            found = handler(UnicodeEncodeError(e.encoding, text, start, end, e.reason))
            if not isinstance(found, tuple) or len(found) != 2 or not isinstance(found[0], (str, bytes)):
                raise TypeError("encoding error handler must return (str/bytes, int) tuple") from None
            with_, pos = found
            if pos < 0:
                pos += len(text)
            if not 0 <= pos <= len(text):
                raise IndexError("position %d from error handler out of bounds" % pos) from None
            out += with_.encode(encoding) if isinstance(with_, str) else with_


def _decode_slow(data, encoding, errors):
    handler = lookup_error(errors)
    out = ''
    pos = 0
    while True:
        try:
            return out + data[pos:].decode(encoding)
        except UnicodeDecodeError as e:
            start, end = e.start + pos, e.end + pos
            out += data[pos:start].decode(encoding)
            found = handler(UnicodeDecodeError(e.encoding, data, start, end, e.reason))
            if not isinstance(found, tuple) or len(found) != 2 or not isinstance(found[0], str):
                raise TypeError("decoding error handler must return (str, int) tuple") from None
            with_, pos = found
            if pos < 0:
                pos += len(data)
            if not 0 <= pos <= len(data):
                raise IndexError("position %d from error handler out of bounds" % pos) from None
            out += with_


# ---- codecs of the interpreter

def _encoder(encoding):
    def encode(str, errors=None, /):
        return str.encode(encoding, errors or 'strict'), len(str)
    return encode


utf_8_encode = _encoder('utf-8')
utf_16_le_encode = _encoder('utf-16-le')
utf_16_be_encode = _encoder('utf-16-be')
utf_32_le_encode = _encoder('utf-32-le')
utf_32_be_encode = _encoder('utf-32-be')
latin_1_encode = _encoder('latin-1')
ascii_encode = _encoder('ascii')


def utf_16_encode(str, errors=None, byteorder=0, /):
    name = 'utf-16-le' if byteorder < 0 else 'utf-16-be' if byteorder > 0 else 'utf-16'
    return str.encode(name, errors or 'strict'), len(str)


def utf_32_encode(str, errors=None, byteorder=0, /):
    name = 'utf-32-le' if byteorder < 0 else 'utf-32-be' if byteorder > 0 else 'utf-32'
    return str.encode(name, errors or 'strict'), len(str)


def _whole_utf8(data):
    """Bytes in front of a sequence that data breaks off in."""
    n = len(data)
    for back in range(1, min(3, n) + 1):
        lead = data[n - back]
        if lead < 0x80:
            return n
        if lead >= 0xc0:
            need = 2 if lead < 0xe0 else 3 if lead < 0xf0 else 4
            if need <= back or lead > 0xf4 or lead < 0xc2:
                return n
            if back > 1:
                second = data[n - back + 1]
                if lead == 0xe0 and second < 0xa0 or lead == 0xed and second > 0x9f or \
                        lead == 0xf0 and second < 0x90 or lead == 0xf4 and second > 0x8f:
                    return n
            return n - back
    return n


def utf_8_decode(data, errors=None, final=False, /):
    data = bytes(data)
    n = len(data) if final else _whole_utf8(data)
    return data[:n].decode('utf-8', errors or 'strict'), n


def latin_1_decode(data, errors=None, /):
    return bytes(data).decode('latin-1', errors or 'strict'), len(data)


def ascii_decode(data, errors=None, /):
    return bytes(data).decode('ascii', errors or 'strict'), len(data)


def _units(data, width, big, final):
    n = len(data)
    if not final:
        n -= n % width
        if width == 2 and n >= 2 and 0xd8 <= data[n - 2 + (0 if big else 1)] <= 0xdb:
            n -= 2
    return n


def _wide_decoder(encoding, width, big):
    def decode(data, errors=None, final=False, /):
        data = bytes(data)
        n = _units(data, width, big, final)
        return data[:n].decode(encoding, errors or 'strict'), n
    return decode


utf_16_le_decode = _wide_decoder('utf-16-le', 2, False)
utf_16_be_decode = _wide_decoder('utf-16-be', 2, True)
utf_32_le_decode = _wide_decoder('utf-32-le', 4, False)
utf_32_be_decode = _wide_decoder('utf-32-be', 4, True)


def _wide_ex_decode(data, errors, byteorder, final, width):
    data = bytes(data)
    start = 0
    if byteorder == 0 and len(data) >= width:
        mark = data[:width]
        little = b'\xff\xfe' if width == 2 else b'\xff\xfe\0\0'
        if mark == little:
            byteorder, start = -1, width
        elif mark == little[::-1]:
            byteorder, start = 1, width
    name = 'utf-%d-%s' % (width * 8, 'be' if byteorder > 0 else 'le')
    n = _units(data, width, byteorder > 0, final)
    if n < start:
        n = start
    return data[start:n].decode(name, errors or 'strict'), n, byteorder


def utf_16_ex_decode(data, errors=None, byteorder=0, final=False, /):
    return _wide_ex_decode(data, errors, byteorder, final, 2)


def utf_32_ex_decode(data, errors=None, byteorder=0, final=False, /):
    return _wide_ex_decode(data, errors, byteorder, final, 4)


def utf_16_decode(data, errors=None, final=False, /):
    return _wide_ex_decode(data, errors, 0, final, 2)[:2]


def utf_32_decode(data, errors=None, final=False, /):
    return _wide_ex_decode(data, errors, 0, final, 4)[:2]


def readbuffer_encode(data, errors=None, /):
    return (data.encode() if isinstance(data, str) else bytes(data)), len(data)


# ---- escapes

_SIMPLE = {'\\': '\\', "'": "'", '"': '"', 'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
           'v': '\v', '\n': ''}


def unicode_escape_encode(str, errors=None, /):
    out = []
    for c in str:
        n = ord(c)
        if c == '\\':
            out.append('\\\\')
        elif c in '\t\n\r':
            out.append({'\t': '\\t', '\n': '\\n', '\r': '\\r'}[c])
        elif 32 <= n < 127:
            out.append(c)
        else:
            out.append(_escaped(c))
    return ''.join(out).encode('ascii'), len(str)


def raw_unicode_escape_encode(str, errors=None, /):
    out = bytearray()
    for c in str:
        n = ord(c)
        if n < 256:
            out.append(n)
        else:
            out += _escaped(c).encode('ascii')
    return bytes(out), len(str)


def _call_decode_handler(encoding, errors, data, start, end, reason):
    found = lookup_error(errors or 'strict')(UnicodeDecodeError(encoding, data, start, end, reason))
    return found


def _hex(text, at, digits):
    part = text[at:at + digits]
    good = 0
    while good < len(part) and part[good] in '0123456789abcdefABCDEF':
        good += 1
    return part[:good]


def _unescape(data, errors, encoding, raw, final):
    data = data.encode('utf-8') if isinstance(data, str) else bytes(data)
    text = data.decode('latin-1')
    out = []
    i = 0
    n = len(text)
    while i < n:
        at = text.find('\\', i)
        if at < 0:
            out.append(text[i:])
            i = n
            break
        out.append(text[i:at])
        i = at + 1
        if i >= n:
            if raw:
                out.append('\\')
                break
            if not final:
                i = at
                break
            with_, i = _call_decode_handler(encoding, errors, data, at, n, "\\ at end of string")
            out.append(with_)
            continue
        c = text[i]
        i += 1
        if c in 'uU' or (c == 'x' and not raw):
            digits = {'x': 2, 'u': 4, 'U': 8}[c]
            found = _hex(text, i, digits)
            if len(found) == digits and int(found, 16) <= 0x10ffff:
                out.append(chr(int(found, 16)))
                i += digits
                continue
            if not final and i + len(found) == n and len(found) < digits:
                i = at
                break
            reason = "illegal Unicode character" if len(found) == digits else \
                {'x': "truncated \\xXX escape", 'u': "truncated \\uXXXX escape",
                 'U': "truncated \\UXXXXXXXX escape"}[c]
            with_, i = _call_decode_handler(encoding, errors, data, at, i + len(found), reason)
            out.append(with_)
        elif raw:
            out.append('\\' + c)
        elif c in _SIMPLE:
            out.append(_SIMPLE[c])
        elif c in '01234567':
            end = i
            while end < n and end < i + 2 and text[end] in '01234567':
                end += 1
            out.append(chr(int(text[i - 1:end], 8)))
            i = end
        elif c == 'N' and text[i:i + 1] == '{':
            end = text.find('}', i)
            name = text[i + 1:end] if end > 0 else ''
            try:
                import unicodedata
                out.append(unicodedata.lookup(name))
                i = end + 1
            except (ImportError, KeyError):
                with_, i = _call_decode_handler(encoding, errors, data, at, end + 1 if end > 0 else n,
                                                "unknown Unicode character name")
                out.append(with_)
        else:
            out.append('\\' + c)
    return ''.join(out), i


def unicode_escape_decode(data, errors=None, final=True, /):
    return _unescape(data, errors, 'unicodeescape', False, final)


def raw_unicode_escape_decode(data, errors=None, final=True, /):
    return _unescape(data, errors, 'rawunicodeescape', True, final)


def escape_encode(data, errors=None, /):
    if not isinstance(data, bytes):
        raise TypeError("escape_encode() argument 1 must be bytes, not " + type(data).__name__)
    text = repr(b'"' + data)[3:-1]
    return text.encode('latin-1').replace(b'\\"', b'"'), len(data)


def escape_decode(data, errors=None, /):
    data = data.encode('utf-8') if isinstance(data, str) else bytes(data)
    out = bytearray()
    i = 0
    n = len(data)
    while i < n:
        c = chr(data[i])
        i += 1
        if c != '\\':
            out.append(ord(c))
            continue
        if i >= n:
            raise ValueError("Trailing \\ in string")
        c = chr(data[i])
        i += 1
        if c in _SIMPLE:
            out += _SIMPLE[c].encode('latin-1')
        elif c in '01234567':
            end = i
            while end < n and end < i + 2 and chr(data[end]) in '01234567':
                end += 1
            out.append(int(data[i - 1:end], 8) & 255)
            i = end
        elif c == 'x':
            found = _hex(data.decode('latin-1'), i, 2)
            if len(found) == 2:
                out.append(int(found, 16))
                i += 2
            elif errors == 'replace':
                out += b'?'
                i += len(found)
            elif errors == 'ignore':
                i += len(found)
            else:
                raise ValueError("invalid \\x escape at position %d" % (i - 2))
        else:
            out += b'\\'
            out.append(ord(c))
    return bytes(out), n


# ---- by tables

def charmap_build(map, /):
    return {ord(c): i for i, c in enumerate(map) if c != '\ufffe'}


def charmap_encode(str, errors=None, mapping=None, /):
    if mapping is None:
        return latin_1_encode(str, errors)
    errors = errors or 'strict'
    out = bytearray()

    def one(c):
        try:
            to = mapping[ord(c)]
        except LookupError:
            return False
        if to is None:
            return False
        if isinstance(to, int):
            if not 0 <= to < 256:
                raise TypeError("character mapping must be in range(256)")
            out.append(to)
        elif isinstance(to, bytes):
            out.extend(to)
        else:
            raise TypeError("character mapping must return integer, bytes or None, not " + type(to).__name__)
        return True

    i = 0
    n = len(str)
    while i < n:
        if one(str[i]):
            i += 1
            continue
        end = i + 1
        while end < n and ord(str[end]) not in mapping:
            end += 1
        with_, i = lookup_error(errors)(UnicodeEncodeError('charmap', str, i, end,
                                                           "character maps to <undefined>"))
        if isinstance(with_, bytes):
            out += with_
        else:
            for c in with_:
                if not one(c):
                    raise UnicodeEncodeError('charmap', str, i, end, "character maps to <undefined>")
    return bytes(out), n


def charmap_decode(data, errors=None, mapping=None, /):
    data = bytes(data)
    if mapping is None:
        return latin_1_decode(data, errors)
    errors = errors or 'strict'
    out = []
    i = 0
    n = len(data)
    while i < n:
        try:
            to = mapping[data[i]]
        except LookupError:
            to = None
        if to is None or to == '\ufffe' or to == 0xfffe:
            with_, i = lookup_error(errors)(UnicodeDecodeError('charmap', data, i, i + 1,
                                                               "character maps to <undefined>"))
            out.append(with_)
            continue
        out.append(chr(to) if isinstance(to, int) else to)
        i += 1
    return ''.join(out), n


# ---- UTF-7

_B64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
_DIRECT = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'(),-./:? \t\r\n"
                    "!\"#$%&*;<=>@[]^_`{|}")


def utf_7_encode(str, errors=None, /):
    out = []
    run = []

    def flush(next_char):
        if not run:
            return
        data = ''.join(run).encode('utf-16-be', 'surrogatepass')
        bits = int.from_bytes(data, 'big') << (-len(data) * 8 % 6)
        count = -(-len(data) * 8 // 6)
        out.append('+' + ''.join(_B64[bits >> 6 * (count - 1 - i) & 63] for i in range(count)))
        if next_char is None or next_char in _B64 or next_char == '-':
            out.append('-')
        run.clear()

    for c in str:
        if c in _DIRECT:
            flush(c)
            out.append(c)
        elif c == '+' and not run:
            out.append('+-')
        else:
            run.append(c)
    flush(None)
    return ''.join(out).encode('ascii'), len(str)


def utf_7_decode(data, errors=None, final=False, /):
    text = bytes(data).decode('latin-1')
    out = []
    i = 0
    n = len(text)
    while i < n:
        c = text[i]
        if c != '+':
            if ord(c) > 127:
                with_, i = _call_decode_handler('utf7', errors, bytes(data), i, i + 1, "unexpected special character")
                out.append(with_)
                continue
            out.append(c)
            i += 1
            continue
        end = i + 1
        while end < n and text[end] in _B64:
            end += 1
        if end == n and not final:
            break
        if end == i + 1:
            if text[end:end + 1] == '-':
                out.append('+')
                i = end + 1
                continue
            with_, i = _call_decode_handler('utf7', errors, bytes(data), i, end, "ill-formed sequence")
            out.append(with_)
            continue
        bits = 0
        for d in text[i + 1:end]:
            bits = bits << 6 | _B64.index(d)
        count = (end - i - 1) * 6
        units = count // 16
        bits >>= count - units * 16
        out.append(bits.to_bytes(units * 2, 'big').decode('utf-16-be', 'surrogatepass'))
        i = end + 1 if text[end:end + 1] == '-' else end
    return ''.join(out), i


# The library puts these into classes and calls them without self.
for _name in [name for name in globals() if name.endswith(('_encode', '_decode')) and name[0] != '_']:
    globals()[_name] = staticmethod(globals()[_name])
