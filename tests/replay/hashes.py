"""Hash objects that come, are copied and go, in threads that hash outside the GIL."""
import hashlib
import threading
import time

until = time.monotonic() + 2
NAMES = sorted(hashlib.algorithms_guaranteed)


class Sums(dict):
    pass


def work(data):
    kept = Sums()
    while time.monotonic() < until:
        for name in NAMES:
            h = hashlib.new(name, data)
            kept[name] = h.copy()
            h.update(b"x")
            kept[name, "digits"] = h.hexdigest(30) if "shake" in name else h.hexdigest()
        kept["keyed"] = [hashlib.blake2b(data, key=b"k", digest_size=n) for n in range(1, 9)]
        try:
            hashlib.blake2s(digest_size=99)
        except ValueError as e:
            kept["refused"] = e


threads = [threading.Thread(target=work, args=(b"data" * n,)) for n in (3, 2000)]
for t in threads:
    t.start()
work(b"")
for t in threads:
    t.join()
