"""Text over files of bytes: read, written, told and moved in many encodings, left open, in cycles."""
import io
import os
import tempfile
import time
import warnings

warnings.simplefilter("ignore")


class Lines(io.TextIOWrapper):
    def readline(self, size=-1):
        self.last = super().readline(size)
        return self.last


def in_memory(i, encoding):
    f = Lines(io.BytesIO(), encoding=encoding, newline=("", None, "\r\n")[i % 3])
    f._CHUNK_SIZE = 50 + i % 100
    for n in range(i % 40):
        f.write("line %d \u20ac\n" % n)
    f.seek(0)
    places = [(f.tell(), f.read(3)) for _ in range(10)]
    for place, text in places[::-1]:
        assert f.seek(place) == place and f.read(3) == text
    f.seek(0)
    kept = [list(f), f.newlines, repr(f), places]
    f.reconfigure(line_buffering=True)
    f.buffer.back = f
    return kept


def in_files(i, path, encoding):
    with open(path, "w" if i % 4 else "a", encoding=encoding) as f:
        f.write("some text\n" * (i % 700))
    with open(path, encoding=encoding) as f:
        kept = [f.readline(), f.read(20)]
    left_open = io.TextIOWrapper(io.FileIO(path), encoding=encoding)
    left_open.readline()
    left_open.itself = left_open
    return kept


def main():
    with tempfile.TemporaryDirectory() as folder:
        kept = []
        until = time.monotonic() + 2
        i = 0
        while time.monotonic() < until:
            encoding = ("utf-8", "utf-16", "utf-8-sig", "utf-32-le")[i % 4]
            kept.append(in_memory(i, encoding))
            kept.append(in_files(i, os.path.join(folder, encoding), encoding))
            if len(kept) > 30:
                del kept[::2]
            i += 1


main()
