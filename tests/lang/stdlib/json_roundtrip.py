"""json from the library: dumps and loads, options, errors, custom encoders."""
import json

data = {"name": "x", "list": [1, 2.5, -3e10, True, None, "é\n\"\\"], "nested": {"a": {}, "b": []}, "big": 10**30}
text = json.dumps(data)
print(text)
print(json.loads(text) == data)
print(json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False))
print(json.dumps([1, 2], separators=(",", ":")), json.dumps({1: 2, None: 3, True: 4, 2.5: 5}))


class Encoder(json.JSONEncoder):
    def default(self, o):
        if isinstance(o, complex):
            return [o.real, o.imag]
        return super().default(o)


print(json.dumps({"z": 1 + 2j}, cls=Encoder))
for bad in ('{"a": }', "[1, 2", "nul", '"abc', '{"a" 1}', "", "[1] x", '{1: 2}'):
    try:
        json.loads(bad)
    except json.JSONDecodeError as e:
        print(repr(bad), e)
for value in (object, {1, 2}):
    try:
        print(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError) as e:
        print(type(e).__name__, e)
print(json.loads('[NaN, Infinity, -Infinity, 1e400, -0, "\\u00e9\\ud83d\\ude00"]'))
print(json.loads('{"a": 1, "b": [1.10]}', object_hook=lambda d: sorted(d), parse_float=str))
print(json.loads(b'{"k": "v"}'), json.loads("  [ ]  "))
