"""json.loads of what json_write writes, once more with hooks."""
import json

text = json.dumps(
    [
        {
            "id": i,
            "name": f"record {i}",
            "tags": ["a", "b\n", "\u00e9", None, True],
            "score": i / 7,
            "parts": {str(k): [k, k * i, -k / 3] for k in range(5)},
        }
        for i in range(150)
    ]
)
total = 0.0
for n in range(50):
    total += sum(record["score"] + len(record["parts"]) for record in json.loads(text))
pairs = json.loads(text, object_pairs_hook=lambda p: len(p), parse_float=len)
print(f"{total:.6f}", len(text), pairs[:3])
