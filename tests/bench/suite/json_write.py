"""json.dumps of records, of a deep nesting, of text that must be escaped."""
import json
import zlib

records = [
    {
        "id": i,
        "name": f"record {i}",
        "tags": ["a", "b\n", "\u00e9", None],
        "score": i / 7,
        "ok": i % 2 == 0,
        "parts": {str(k): [k, k * i, -k / 3] for k in range(5)},
    }
    for i in range(150)
]
deep = []
for i in range(200):
    deep = [deep, {"level": i}]
total = 0
for n in range(30):
    text = json.dumps(records)
    total ^= zlib.crc32(text.encode())
    total += len(json.dumps(deep)) + len(json.dumps(records[:20], indent=2, sort_keys=True))
    total += len(json.dumps("\"\\\t\u1234\U0001f600 plain " * 50, ensure_ascii=n % 2 == 0))
print(total)
