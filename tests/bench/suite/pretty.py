"""pprint of nested data; reprs of everything."""
import pprint

data = [
    {
        "name": f"n{i}",
        "values": list(range(i % 30)),
        "deep": {"a": (i, [i, {"b": {i, i + 1}}]), "text": "word " * (i % 25)},
        i: frozenset([i]),
    }
    for i in range(60)
]
text = pprint.pformat(data)
print(len(text), text.count("\n"), len(pprint.pformat(data, width=40, depth=3)), len(repr(data)))
print(sum(map(ord, text)))
