"""Buffered files over raw files of several kinds: read, written, detached, made anew, left open in cycles, used by two
threads at once."""
import io
import os
import tempfile
import threading
import time
import warnings

warnings.simplefilter("ignore")


class Raw(io.RawIOBase):
    def __init__(self, pieces):
        self.pieces = pieces
        self.seen = []

    def readable(self):
        return True

    def writable(self):
        return True

    def readinto(self, room):
        self.seen.append(room)  # a view, kept
        piece = self.pieces.pop() if self.pieces else b""
        if piece is None:
            return None
        n = min(len(piece), len(room))
        room[:n] = piece[:n]
        return n

    def write(self, data):
        self.seen.append(data)
        if len(self.seen) % 5 == 0:
            return None
        if len(self.seen) % 7 == 0:
            raise OSError("full")
        return len(data) // 2 + 1


class Own(io.BufferedReader):
    def readline(self, size=-1):
        return [super().readline(size)][0]


def over_file(i, path):
    with io.BufferedWriter(io.FileIO(path, "w"), 100) as w:
        w.writelines([b"line %d\n" % n for n in range(i % 300)])
    with io.BufferedRandom(io.FileIO(path, "r+"), 64) as b:
        kept = [b.read(10), b.readline(), b.write(b"over"), b.seek(3), b.peek(), b.read(1000), b.tell(), b]
    kept.extend(Own(io.FileIO(path)))
    left_open = io.BufferedReader(io.FileIO(path))
    left_open.itself = left_open
    return kept


def over_python(i):
    raw = Raw([b"some\ntext\n" * (i % 20), None, b"more"])
    pair = io.BufferedRWPair(raw, raw, 32)
    kept = [raw, pair, pair.read(3), pair.read(), pair.peek(), pair.read()]
    for size in range(0, 100, 9):
        try:
            pair.write(bytes(size))
            pair.flush()
        except OSError as e:
            kept.append(e)
    r = Own(io.BytesIO(b"x" * i), 16)
    kept += [r.read(20), r.read1(), r.detach(), r]
    try:
        r.read()
    except ValueError as e:
        kept.append(e)
    r.__init__(io.BytesIO(b"again"))
    kept.append(r.readlines())
    return kept


def share(path, until):
    shared = io.BufferedReader(io.FileIO(path))
    parts = []

    def read():
        while time.monotonic() < until:
            if not (part := shared.read(700)):
                shared.seek(0)
            parts.append(part)
            if len(parts) > 50:
                del parts[:]
                time.sleep(0.005)

    thread = threading.Thread(target=read)
    thread.start()
    return thread, read


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "shared")
        with open(path, "wb") as f:
            f.write(bytes(range(256)) * 200)
        until = time.monotonic() + 2
        thread, read = share(path, until)
        other = threading.Thread(target=read)
        other.start()
        kept = []
        i = 0
        while time.monotonic() < until:
            kept.append(over_file(i, os.path.join(folder, "file")))
            kept.append(over_python(i))
            if len(kept) > 30:
                del kept[::2]
            i += 1
        thread.join()
        other.join()


main()
