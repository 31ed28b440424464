"""zlib lets go of the GIL while it compresses, in CPython."""
import threading
import zlib

DATA = bytes(range(256)) * 8000


def compress():
    while True:
        zlib.compress(DATA)


for number in range(2):
    threading.Thread(target=compress, name=f"compress-{number}", daemon=True).start()
print("ready", flush=True)
threading.Event().wait(600)
