"""A program that uses the library: documents to text and back."""
import json
import time


class Encoder(json.JSONEncoder):
    def default(self, o):
        return sorted(o)


end = time.monotonic() + 2
n = 0
while time.monotonic() < end:
    n += 1
    document = {"n": n, "items": [{"k": i, "v": [i / 2, None, True, "é\n" * i]} for i in range(5)], "set": {n, 1}}
    text = json.dumps(document, cls=Encoder, indent=n % 3 or None, sort_keys=True)
    again = json.loads(text)
    assert again["items"] == document["items"] and again["set"] == sorted(document["set"])
    try:
        json.loads(text[:-2])
    except json.JSONDecodeError as e:
        failed = e
