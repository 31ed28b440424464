"""_json: scanning, encoding, hooks, errors with their positions, recursion, and random documents."""
import gc
import json
import random
import _json


def t(f, *args, **kw):
    try:
        result = f(*args, **kw)
    except BaseException as e:
        result = f"{type(e).__name__}: {e}"
    print(ascii(result))


def too_deep(f, *args, **kw):
    """Which call of many noticed is not the same everywhere, and the message names it."""
    try:
        f(*args, **kw)
    except RecursionError:
        print("RecursionError")


# Texts.
for text in ('a"', 'abc', '', 'a\\"b"', '\\u00e9"', '\\ud83d\\ude00"', '\\ud83d"', '\\ud83d\\u0041"', '\\ud83dx"',
             '\\u12"', '\\u12g4"', '\\ud83d\\u12x4"', '\\x"', '\\', 'a\x01b"', 'a\nb"', '\\/\\b\\f\\n\\r\\t\\\\"',
             '\u0e01"', '\U0001f600"'):
    t(_json.scanstring, text, 0)
    t(_json.scanstring, text, 0, False)
t(_json.scanstring, 'abc"', 9)
t(_json.scanstring, 'abc"', -1)
t(_json.scanstring, 'abc"', 10**30)
t(_json.scanstring, b'abc"', 0)
t(_json.scanstring, 'abc"', 1.5)
for text in ("", "plain", '"\\/\b\f\n\r\t\x00\x1f\x7f', "\xe9\u0e01\ud800\U0001f600"):
    t(_json.encode_basestring, text)
    t(_json.encode_basestring_ascii, text)
t(_json.encode_basestring, b"x")
t(_json.encode_basestring_ascii, None)

# Documents.
for text in ("", " ", "[", "[1", "[1,", "[1,]", "[1 2]", "{", '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1,}', '{"a" 1}', "{a:1}",
             "{1:1}", "-", "-a", "01", "1.", "1.e3", "1e", "1e+", "-0", "-0.0", "1E5", "1e400", "123456789012345678901",
             "-999999999999999999", "nul", "null", "true", "falsey", "NaN", "-Infinity", "Infinity", "Inf", "[] x",
             '\ufeff[]', ' { "a" : [ 1 , 2.5 , null ] , "b" : { } } '):
    t(json.loads, text)
    t(json.loads, text, object_pairs_hook=list, parse_int=lambda s: "int " + s, parse_float=lambda s: "float " + s,
      parse_constant=lambda s: "constant " + s)
    t(json.loads, text, object_hook=lambda d: sorted(d))
t(json.loads, '["a\nb"]', strict=False)
t(json.loads, '{"k": 1, "k": 2}')
rows = json.loads('[{"key": 1}, {"key": 2}]')
print(next(iter(rows[0])) is next(iter(rows[1])))
t(json.loads, "[" * 100000)
t(json.loads, '{"a":' * 100000)
t(json.loads, "9" * 5000)


class Context:
    strict = 1
    object_hook = object_pairs_hook = None
    parse_float, parse_int = float, int
    parse_constant = str


scan = _json.make_scanner(Context)
print(scan("[1, NaN]", 0), scan(" 5", 1), scan.strict, scan.parse_int, scan.object_hook)
print([o for o in gc.get_referents(scan) if o is not type(scan)] == [None, None, float, int, str, {}], gc.is_tracked(scan))
t(scan, "", 0)
t(scan, "1", -1)
t(scan, b"1", 0)
t(scan, "1")
t(_json.make_scanner, 5)


def fail(*args):
    raise KeyError(args)


for name in ("object_hook", "object_pairs_hook", "parse_float", "parse_int", "parse_constant"):
    t(json.loads, '{"a": [1, 2.5, NaN]}', **{name: fail})


# Encoding.
class Text(str):
    pass


class Number(int):
    def __repr__(self):
        return "number"


class Real(float):
    def __repr__(self):
        return "real"


class Items(dict):
    def items(self):
        return [("from", "items"), ("and", 2)]


class Bad(dict):
    def items(self):
        return [1]


def show(o):
    return ["shown", str(o)]


values = [None, True, 5, -(10**30), 2.5, float("inf"), "t\xe9xt\n", [], {}, (), [1, [2, ()], {"k": [3]}], Text("sub"), Number(7),
          Real(1.5), {Text("a"): 1, 2: "b", 2.5: 3, None: 4, True: 5, False: 6, float("nan"): 7}, {(1, 2): 3, "x": 4},
          Items(x=1), Bad(x=1), {1, }, [b"bytes"], {"z": 1, "a": 2}, {"z": 1, 1: 2}]
for value in values:
    for kw in ({}, {"ensure_ascii": False}, {"sort_keys": True}, {"skipkeys": True}, {"allow_nan": False}, {"default": show},
               {"separators": (",", ":")}, {"check_circular": False}, {"indent": 1}):
        t(json.dumps, value, **kw)

loop = [1]
loop.append({"in": loop})
t(json.dumps, loop)
too_deep(json.dumps, loop, check_circular=False)
t(json.dumps, object(), default=lambda o: o)
too_deep(json.dumps, object(), default=lambda o: object(), check_circular=False)
deep = []
for _ in range(100000):
    deep = [deep]
t(json.dumps, deep)
while deep:
    deep = deep[0]

# Values that change while they are written.
changing = [1, object(), 3, 4]
t(json.dumps, changing, default=lambda o: changing.clear())
table = {"a": object(), "b": 2, "c": 3}
t(json.dumps, table, default=lambda o: table.clear())

e = _json.make_encoder({}, show, lambda s: "<" + s + ">", None, ":", ",", False, False, True)
print(e([1, "a", {"b": {1}}], 0), e.markers, e.item_separator, e.key_separator, e.sort_keys, e.skipkeys)
print(len([o for o in gc.get_referents(e) if o is not type(e)]))
t(e)
t(e, 1, "x")
t(_json.make_encoder, 5, None, None, None, ":", ",", 0, 0, 0)
t(_json.make_encoder, None, None, None, None, None, ",", 0, 0, 0)
t(_json.make_encoder(None, show, lambda s: 5, None, ":", ",", 0, 0, 0), "text", 0)
t(_json.make_encoder(None, show, fail, None, ":", ",", 0, 0, 0), {"text": 1}, 0)
t(_json.make_encoder(None, fail, fail, None, ":", ",", 0, 0, 0), [{1}], 0)

# A cycle through both is collected.
def cycle():
    d = json.JSONDecoder(object_hook=lambda o: d)
    e = _json.make_encoder({}, lambda o: e, str, None, ":", ",", 0, 0, 0)


gc.collect()
cycle()
print(gc.collect() > 0)

# Random values there and back, random documents.
chance = random.Random(1)


def some(depth=0):
    kind = chance.randrange(9 if depth < 4 else 5)
    if kind == 0:
        return chance.randrange(-10**chance.randrange(1, 25), 10**chance.randrange(1, 25))
    if kind == 1:
        return chance.choice([0.0, -0.0, 1e300, 5e-324, chance.random()])
    if kind == 2:
        return chance.choice([True, False, None])
    if kind < 5:
        return "".join(chr(chance.choice([chance.randrange(128), chance.randrange(0x3000), 0x1f600])) for _ in range(chance.randrange(8)))
    if kind < 7:
        return [some(depth + 1) for _ in range(chance.randrange(5))]
    return {str(some(9)): some(depth + 1) for _ in range(chance.randrange(5))}


same = 0
for _ in range(500):
    value = some()
    text = json.dumps(value)
    same += json.loads(text) == value == json.loads(json.dumps(value, ensure_ascii=False, indent=1))
print(same, ascii(text))
pieces = ["{", "}", "[", "]", ",", ":", '"a"', '"', " ", "1", "-", ".5", "e3", "true", "null", "\\u00e9", "\\ud83d", "\x01", "\xe9"]
for _ in range(500):
    t(json.loads, "".join(chance.choices(pieces, k=chance.randrange(1, 8))))
