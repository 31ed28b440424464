"""Pickling in Python: pickle._Pickler and _Unpickler over dicts, lists, tuples and instances."""
import io
import pickle


class Item:
    def __init__(self, n):
        self.n = n
        self.name = f"item {n}"
        self.parts = (n, n / 3, None, True)


data = {
    "items": [Item(i) for i in range(60)],
    "table": {f"key{i}": list(range(i % 9)) for i in range(150)},
    "text": ["short", "\u00e9" * 40, b"bytes" * 10],
    "numbers": [2**k for k in range(0, 120, 7)] + [k / 7 for k in range(100)],
}
data["again"] = data["items"][:20]
total = 0
for n in range(8):
    for protocol in (2, 4):
        out = io.BytesIO()
        pickle._Pickler(out, protocol).dump(data)
        back = pickle._Unpickler(io.BytesIO(out.getvalue())).load()
        total += len(out.getvalue()) + len(back["table"]) + back["again"][3].n
        assert back["again"][3] is back["items"][3]
print(total)
