"""Files over descriptors that come and go: read, written, left open, and looked at by subclasses."""
import io
import os
import tempfile
import time
import warnings

warnings.simplefilter("ignore")


class Own(io.FileIO):
    def flush(self):
        self.flushed = [self.name]


def work(i, path):
    kind = Own if i % 3 else io.FileIO
    with kind(path, "w+") as f:
        f.write(b"line %d\n" % i * (i % 500))
        f.seek(0)
        room = bytearray(64)
        kept = [f.read(10), f.readline(), f.readinto(room), room, f.readall(), repr(f)]
    left_open = kind(path)
    left_open.itself = left_open
    try:
        kind(path + "/none")
    except OSError as e:
        kept.append(e)
    with open(path, "rb", 0) as f:
        kept.extend(f)
    return kept


def main():
    with tempfile.TemporaryDirectory() as folder:
        kept = []
        until = time.monotonic() + 2
        i = 0
        while time.monotonic() < until:
            kept.append(work(i, os.path.join(folder, "file")))
            if len(kept) > 30:
                del kept[::2]
            i += 1


main()
