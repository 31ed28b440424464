"""What io.py is made of. open() returns the interpreter's own files (vm/builtins/file.c), which count
as instances of the classes here; the base classes, files in memory and raw files are in C
(vm/builtins/io_*.c); wrappers around other objects are written in Python.
"""
from builtins import open
from _iobase import (BytesIO, FileIO, IncrementalNewlineDecoder, StringIO, UnsupportedOperation,
                     _BufferedIOBase, _BytesIOBuffer, _IOBase, _RawIOBase, _TextIOBase)

DEFAULT_BUFFER_SIZE = 8192
BlockingIOError = BlockingIOError


def open_code(path):
    return open(path, 'rb')


def text_encoding(encoding, stacklevel=2, /):
    return 'locale' if encoding is None else encoding


def _native_types():
    kinds = []
    for mode in ('r', 'rb', 'wb', 'r+b'):
        with open('/dev/null', mode) as f:
            kinds.append(type(f))
    return kinds


_text, _reader, _writer, _random = _native_types()


class _NativeMeta(type):
    """Counts the interpreter's own files among the instances."""

    def __instancecheck__(cls, o):
        return type(o) in cls.__dict__.get('_native', ()) or type.__instancecheck__(cls, o)

    def __subclasscheck__(cls, c):
        return c in cls.__dict__.get('_native', ()) or type.__subclasscheck__(cls, c)


def _check_newline(newline):
    if newline is not None and not isinstance(newline, str):
        raise TypeError("newline must be str or None, not " + type(newline).__name__)
    if newline not in (None, '', '\n', '\r', '\r\n'):
        raise ValueError("illegal newline value: %r" % (newline,))


# ---- buffers around raw objects

class _Buffered(_BufferedIOBase):
    raw = None

    def _check(self):
        if self.raw is None:
            raise ValueError("raw stream has been detached")
        if self.raw.closed:
            raise ValueError("I/O operation on closed file")

    def __getattr__(self, name):
        if name in ('name', 'mode') and self.raw is not None:
            return getattr(self.raw, name)
        raise AttributeError("'%s' object has no attribute '%s'" % (type(self).__name__, name))

    def __repr__(self):
        try:
            return "<_io.%s name=%r>" % (type(self).__name__, self.name)
        except AttributeError:
            return "<_io.%s>" % type(self).__name__

    @property
    def closed(self):
        return self.raw is None or self.raw.closed

    def close(self):
        if self.raw is not None and not self.raw.closed:
            try:
                self.flush()
            finally:
                self.raw.close()

    def detach(self):
        if self.raw is None:
            raise ValueError("raw stream already detached")
        self.flush()
        raw, self.raw = self.raw, None
        return raw

    def fileno(self):
        self._check()
        return self.raw.fileno()

    def isatty(self):
        self._check()
        return self.raw.isatty()

    def seekable(self):
        self._check()
        return self.raw.seekable()

    def flush(self):
        self._check()


class BufferedReader(_Buffered, metaclass=_NativeMeta):
    """Reads from a raw file in large pieces."""
    _native = (_reader,)

    def __init__(self, raw, buffer_size=DEFAULT_BUFFER_SIZE):
        if not raw.readable():
            raise OSError('"raw" argument must be readable.')
        if buffer_size <= 0:
            raise ValueError("invalid buffer size")
        self.raw = raw
        self._size = buffer_size
        self._ahead = b''

    def readable(self):
        self._check()
        return self.raw.readable()

    def read(self, size=-1, /):
        self._check()
        if size is not None and size < -1:
            raise ValueError("invalid number of bytes to read")
        if size is None or size < 0:
            out, self._ahead = self._ahead, b''
            if hasattr(self.raw, 'readall'):
                rest = self.raw.readall()
                return out + rest if rest else out or rest
            while True:
                part = self.raw.read()
                if not part:
                    return out or part
                out += part
        out = self._ahead
        while len(out) < size:
            part = self.raw.read(max(self._size, size - len(out)))
            if not part:
                if part is None and not out:
                    return None
                break
            out += part
        self._ahead = out[size:]
        return out[:size]

    def read1(self, size=-1, /):
        self._check()
        if size < 0:
            size = self._size
        if size == 0:
            return b''
        if not self._ahead:
            self._ahead = self.raw.read(self._size) or b''
        out, self._ahead = self._ahead[:size], self._ahead[size:]
        return out

    def peek(self, size=0, /):
        self._check()
        if not self._ahead:
            self._ahead = self.raw.read(self._size) or b''
        return self._ahead

    def tell(self):
        self._check()
        return self.raw.tell() - len(self._ahead)

    def seek(self, pos, whence=0, /):
        if whence not in (0, 1, 2, 3, 4):
            raise ValueError("whence value %d unsupported" % whence)
        self._check()
        if whence == 1:
            pos -= len(self._ahead)
        pos = self.raw.seek(pos, whence)
        self._ahead = b''
        return pos


class BufferedWriter(_Buffered, metaclass=_NativeMeta):
    """Writes to a raw file in large pieces."""
    _native = (_writer,)

    def __init__(self, raw, buffer_size=DEFAULT_BUFFER_SIZE):
        if not raw.writable():
            raise OSError('"raw" argument must be writable.')
        if buffer_size <= 0:
            raise ValueError("invalid buffer size")
        self.raw = raw
        self._size = buffer_size
        self._out = bytearray()

    def writable(self):
        self._check()
        return self.raw.writable()

    def write(self, b, /):
        self._check()
        if isinstance(b, str):
            raise TypeError("a bytes-like object is required, not 'str'")
        before = len(self._out)
        self._out += b
        n = len(self._out) - before
        if len(self._out) > self._size:
            self._flush()
        return n

    def _flush(self):
        while self._out:
            n = self.raw.write(self._out)
            if n is None:
                raise BlockingIOError(11, "write could not complete without blocking", 0)
            del self._out[:n]

    def flush(self):
        self._check()
        self._flush()
        if hasattr(self.raw, 'flush'):
            self.raw.flush()

    def tell(self):
        self._check()
        return self.raw.tell() + len(self._out)

    def seek(self, pos, whence=0, /):
        self._check()
        self._flush()
        return self.raw.seek(pos, whence)

    def truncate(self, pos=None, /):
        self._check()
        self._flush()
        return self.raw.truncate(self.raw.tell() if pos is None else pos)


class BufferedRandom(BufferedReader, metaclass=_NativeMeta):
    """Reads and writes a raw file in large pieces, at any place."""
    _native = (_random,)

    def __init__(self, raw, buffer_size=DEFAULT_BUFFER_SIZE):
        raw._checkSeekable() if hasattr(raw, '_checkSeekable') else None
        BufferedReader.__init__(self, raw, buffer_size)

    def writable(self):
        self._check()
        return self.raw.writable()

    def write(self, b, /):
        self._check()
        if self._ahead:
            self.raw.seek(-len(self._ahead), 1)
            self._ahead = b''
        view = bytes(b)
        done = 0
        while done < len(view):
            done += self.raw.write(view[done:])
        return done

    def truncate(self, pos=None, /):
        if pos is None:
            pos = self.tell()
        return self.raw.truncate(pos)


class BufferedRWPair(_BufferedIOBase):
    """A reader and a writer of two raw files, such as those of a pipe."""

    def __init__(self, reader, writer, buffer_size=DEFAULT_BUFFER_SIZE):
        self.reader = BufferedReader(reader, buffer_size)
        self.writer = BufferedWriter(writer, buffer_size)

    def read(self, size=-1, /):
        return self.reader.read(size)

    def readinto(self, b, /):
        return self.reader.readinto(b)

    def read1(self, size=-1, /):
        return self.reader.read1(size)

    def peek(self, size=0, /):
        return self.reader.peek(size)

    def write(self, b, /):
        return self.writer.write(b)

    def flush(self):
        return self.writer.flush()

    def readable(self):
        return self.reader.readable()

    def writable(self):
        return self.writer.writable()

    def close(self):
        try:
            self.writer.close()
        finally:
            self.reader.close()

    def isatty(self):
        return self.reader.isatty() or self.writer.isatty()

    @property
    def closed(self):
        return self.writer.closed


# ---- text around a buffer

class TextIOWrapper(_TextIOBase, metaclass=_NativeMeta):
    """Text over a file of octets: decoded, encoded, and split into lines."""
    _native = (_text,)
    _buffer = None

    def __init__(self, buffer, encoding=None, errors=None, newline=None, line_buffering=False,
                 write_through=False):
        import codecs
        _check_newline(newline)
        if encoding is None or encoding == 'locale':
            encoding = 'utf-8'
        if not isinstance(encoding, str):
            raise TypeError("TextIOWrapper() argument 'encoding' must be str or None, not " + type(encoding).__name__)
        info = codecs.lookup(encoding)
        self._buffer = buffer
        self._encoding = encoding
        self._errors = errors or 'strict'
        self._newline = newline
        self._line_buffering = line_buffering
        self._write_through = write_through
        self._encoder = None
        self._decoder = None
        self._info = info
        self._chars = ''
        self._eof = False

    @property
    def buffer(self):
        if self._buffer is None:
            raise ValueError("underlying buffer has been detached")
        return self._buffer

    encoding = property(lambda self: self._encoding)
    errors = property(lambda self: self._errors)
    line_buffering = property(lambda self: self._line_buffering)
    write_through = property(lambda self: self._write_through)
    name = property(lambda self: self.buffer.name)

    @property
    def closed(self):
        return self._buffer is None or self._buffer.closed

    @property
    def newlines(self):
        return getattr(self._decoder, 'newlines', None)

    def __repr__(self):
        text = "<_io.TextIOWrapper"
        for attribute in ('name', 'mode'):
            try:
                text += " %s=%r" % (attribute, getattr(self, attribute))
            except (AttributeError, ValueError):
                pass
        return text + " encoding=%r>" % self._encoding

    def reconfigure(self, *, encoding=None, errors=None, newline=Ellipsis, line_buffering=None,
                    write_through=None):
        self.flush()
        if encoding is not None:
            import codecs
            self._info = codecs.lookup(encoding)
            self._encoding = encoding
            self._encoder = self._decoder = None
            self._errors = errors or 'strict'
        elif errors is not None:
            self._errors = errors
            self._encoder = self._decoder = None
        if newline is not Ellipsis:
            _check_newline(newline)
            self._newline = newline
        if line_buffering is not None:
            self._line_buffering = bool(line_buffering)
        if write_through is not None:
            self._write_through = bool(write_through)

    def readable(self):
        return self.buffer.readable()

    def writable(self):
        return self.buffer.writable()

    def seekable(self):
        return self.buffer.seekable()

    def fileno(self):
        return self.buffer.fileno()

    def isatty(self):
        return self.buffer.isatty()

    def flush(self):
        self.buffer.flush()

    def close(self):
        if self._buffer is not None and not self.closed:
            try:
                self.flush()
            finally:
                self._buffer.close()

    def detach(self):
        self.flush()
        buffer = self.buffer
        self._buffer = None
        return buffer

    def write(self, s, /):
        self._checkClosed("I/O operation on closed file.")
        if not isinstance(s, str):
            raise TypeError("write() argument must be str, not " + type(s).__name__)
        length = len(s)
        has_newline = '\n' in s
        newline = self._newline
        if has_newline and newline and newline != '\n':
            s = s.replace('\n', newline)
        if self._encoder is None:
            make = self._info.incrementalencoder
            self._encoder = make(self._errors) if make else None
        data = self._encoder.encode(s) if self._encoder else self._info.encode(s, self._errors)[0]
        self.buffer.write(data)
        if self._line_buffering and (has_newline or '\r' in s) or self._write_through:
            self.flush()
        self._chars = ''
        return length

    def _more(self):
        if self._decoder is None:
            decoder = self._info.incrementaldecoder(self._errors)
            if not self._newline:
                decoder = IncrementalNewlineDecoder(decoder, self._newline is None)
            self._decoder = decoder
        if self._eof:
            return False
        read = getattr(self.buffer, 'read1', None) or self.buffer.read
        data = read(DEFAULT_BUFFER_SIZE)
        self._eof = not data
        self._chars += self._decoder.decode(data or b'', final=self._eof)
        return True

    def read(self, size=-1, /):
        self._checkClosed("I/O operation on closed file.")
        if not self.readable():
            raise UnsupportedOperation("not readable")
        size = -1 if size is None else size.__index__()
        self._eof = False
        while (size < 0 or len(self._chars) < size) and self._more():
            pass
        if size < 0:
            size = len(self._chars)
        out, self._chars = self._chars[:size], self._chars[size:]
        return out

    def readline(self, size=-1, /):
        self._checkClosed("I/O operation on closed file.")
        size = -1 if size is None else size.__index__()
        self._eof = False
        newline = self._newline
        start = 0
        while True:
            text = self._chars
            if newline == '':
                end = -1
                for i in range(start, len(text)):
                    if text[i] == '\n':
                        end = i + 1
                    elif text[i] == '\r':
                        if i + 1 == len(text) and not self._eof:
                            break
                        end = i + 2 if text[i + 1:i + 2] == '\n' else i + 1
                    else:
                        continue
                    break
            else:
                mark = newline or '\n'
                at = text.find(mark, start)
                end = at + len(mark) if at >= 0 else -1
                start = max(0, len(text) - len(mark) + 1)
            if end < 0 and 0 <= size <= len(text):
                end = size
            if end < 0 and not self._more():
                end = len(text)
            if end >= 0:
                if 0 <= size < end:
                    end = size
                self._chars = text[end:]
                return text[:end]

    def tell(self):
        self._checkClosed("I/O operation on closed file.")
        if not self.seekable():
            raise UnsupportedOperation("underlying stream is not seekable")
        self.flush()
        return self.buffer.tell() - len(self._chars.encode(self._encoding, self._errors))

    def seek(self, cookie, whence=0, /):
        self._checkClosed("I/O operation on closed file.")
        if not self.seekable():
            raise UnsupportedOperation("underlying stream is not seekable")
        if whence == 1:
            if cookie != 0:
                raise UnsupportedOperation("can't do nonzero cur-relative seeks")
            cookie, whence = self.tell(), 0
        elif whence == 2:
            if cookie != 0:
                raise UnsupportedOperation("can't do nonzero end-relative seeks")
        elif whence != 0:
            raise ValueError("invalid whence (%d, should be 0, 1 or 2)" % whence)
        elif cookie < 0:
            raise ValueError("negative seek position %r" % (cookie,))
        self.flush()
        self._chars = ''
        self._decoder = self._encoder = None
        self._eof = False
        return self.buffer.seek(cookie, whence)

    def truncate(self, pos=None, /):
        self.flush()
        return self.buffer.truncate(self.tell() if pos is None else pos)


for _name in ('BufferedReader', 'BufferedWriter', 'BufferedRandom', 'BufferedRWPair', 'TextIOWrapper'):
    globals()[_name].__module__ = '_io'
