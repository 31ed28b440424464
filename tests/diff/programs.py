"""Random programs: the grammar. program(seed) is the text of one, always the same for a seed.

A program is a handful of statements, each in a try that prints what it raised, over variables of
known types. Expressions mostly fit the types they are used with; now and then one does not, and
the message of the error is then compared like any output. Nothing depends on addresses, hashes of
strings, time or the platform. Sizes stay small where one interpreter would work for minutes or for
gigabytes: widths of a format, digits of int.__round__, shifts, powers and repetitions.
"""
import random

INTS = ["0", "1", "-1", "2", "3", "7", "-7", "10", "255", "256", "-256", "1000", "2**31", "2**63", "-2**63", "2**64-1",
        "10**20", "-10**25", "2**200", "True", "False", "0x7fffffff", "12345678901234567890"]
FLOATS = ["0.0", "-0.0", "1.0", "-1.5", "0.1", "1e10", "1e16", "1.5e300", "-2.5e-5", "1e-320", "float('inf')", "float('-inf')",
          "float('nan')", "3.14159", "2.5", "0.5", "123456.789", "1e22", "5e-324", "0.30000000000000004"]
STRS = ["''", "'a'", "'abc'", "'Hello World'", "'  pad  '", "'x,y,,z'", "'\\u00e9t\\u00e9'", "'\\u0130\\u00df\\ufb01'", "'12'", "'-3'",
        "'1_000'", "'a\\nb\\r\\nc'", "'\\U0001f600!'", "'tab\\tbed'", "'AbC dEf'", "'\\u4e2d\\u6587'", "'{}'", "'%s'", "'aaa'",
        "'abcabcabc'", "'\\ud800'", "'0x1F'", "' 42 '", "'nan'", "'1e5'", "'it\\'s'", "'\"q\"'", "'\\x00\\x7f\\x80'"]
BYTES = ["b''", "b'a'", "b'abc'", "b'\\x00\\xff'", "b' pad '", "b'x,y,z'", "b'AbC'", "b'123'", "bytes(3)", "bytearray(b'abc')",
         "b'aXbXc'", "b'\\n\\t'"]
NAMES = {"int": ["i", "j", "k"], "float": ["f", "g"], "str": ["s", "t", "u"], "bytes": ["b", "c"], "list": ["l", "m"],
         "tuple": ["p", "q"], "dict": ["d", "e"], "set": ["v", "w"]}
TYPES = list(NAMES)
STR_CALLS = ["upper()", "lower()", "title()", "swapcase()", "casefold()", "capitalize()", "strip()", "lstrip({s})", "rstrip({s})",
             "strip({s})", "split()", "split({s})", "split({s}, {i})", "rsplit({s}, {i})", "rsplit(None, {i})", "splitlines()",
             "splitlines(True)", "partition({s})", "rpartition({s})", "replace({s}, {s})", "replace({s}, {s}, {i})", "find({s})",
             "rfind({s})", "find({s}, {i})", "index({s})", "rindex({s}, {i})", "count({s})", "count({s}, {i}, {i})",
             "startswith({s})", "endswith({s})", "startswith(({s}, {s}))", "startswith({s}, {i})", "center({n})", "ljust({n}, {s})",
             "rjust({n})", "center({n}, '*')", "zfill({n})", "expandtabs({n})", "isalpha()", "isdigit()", "isalnum()", "isspace()",
             "isupper()", "islower()", "istitle()", "isidentifier()", "isprintable()", "isnumeric()", "isdecimal()", "isascii()",
             "join({l})", "join([{s}, {s}])", "encode()", "encode('ascii')", "encode('latin-1', 'replace')",
             "encode('ascii', 'backslashreplace')", "encode('utf-16')", "removeprefix({s})", "removesuffix({s})",
             "translate({{97: 'X', 98: None}})", "format({i}, {s})", "format({i})", "__mod__({i})", "encode('ascii', 'xmlcharrefreplace')"]
BYTES_CALLS = ["upper()", "lower()", "title()", "strip()", "split()", "split({b})", "replace({b}, {b})", "find({b})", "find({i})",
               "index({b})", "count({b})", "hex()", "hex(':')", "hex('-', 2)", "decode()", "decode('latin-1')", "decode('ascii', 'replace')",
               "decode('utf-8', 'backslashreplace')", "startswith({b})", "endswith({b})", "center({n}, b'*')", "zfill({n})", "join([{b}, {b}])",
               "partition({b})", "isalpha()", "isdigit()", "swapcase()", "capitalize()", "rjust({n})", "splitlines()", "strip({b})",
               "rsplit({b}, {i})", "translate(None, {b})", "expandtabs()", "removeprefix({b})", "islower()"]
LIST_CALLS = ["append({any})", "extend({any})", "insert({i}, {any})", "pop()", "pop({i})", "remove({any})", "index({any})", "count({any})",
              "sort()", "sort(reverse=True)", "sort(key=repr)", "reverse()", "copy()", "clear()", "index({any}, {i})", "__len__()",
              "extend({any})", "sort(key=str, reverse={i})"]
DICT_CALLS = ["get({any})", "get({any}, {any})", "pop({any})", "pop({any}, {any})", "popitem()", "setdefault({any}, {any})", "keys()", "values()",
              "items()", "update({d})", "update({any})", "copy()", "clear()", "fromkeys({any}, {any})", "update(a={any})", "__contains__({any})"]
SET_CALLS = ["add({any})", "discard({any})", "remove({any})", "union({any})", "intersection({any})", "difference({v})", "issubset({v})",
             "issuperset({v})", "isdisjoint({any})", "symmetric_difference({v})", "update({any})", "difference_update({v})", "copy()"]
INT_CALLS = ["bit_length()", "bit_count()", "to_bytes({n}, 'big')", "to_bytes({n}, 'little', signed=True)", "conjugate()", "__index__()",
             "as_integer_ratio()", "real", "imag", "numerator", "denominator", "__round__({n})", "__floor__()", "__bool__()"]
FLOAT_CALLS = ["is_integer()", "as_integer_ratio()", "hex()", "conjugate()", "real", "imag", "__round__({i})", "__trunc__()", "__int__()"]
CALLS = {"str": STR_CALLS, "bytes": BYTES_CALLS, "list": LIST_CALLS, "dict": DICT_CALLS, "set": SET_CALLS, "int": INT_CALLS,
         "float": FLOAT_CALLS, "tuple": ["index({any})", "count({any})", "__len__()", "__add__({p})"]}
BINARY = ["+", "-", "*", "/", "//", "%", "**", "<<", ">>", "&", "|", "^", "==", "!=", "<", "<=", ">", ">=", "in", "not in",
          "is", "and", "or", "@"]
FUNCTIONS = ["len({any})", "str({any})", "repr({any})", "int({any})", "float({any})", "bool({any})", "list({any})", "tuple({any})",
             "sorted({any})", "sorted({any}, key=repr)", "sum({any})", "sum({l}, {any})", "min({any})", "max({any})", "min({any}, {any})",
             "max({any}, {any}, key=repr)", "max({l}, default={any})", "abs({any})", "round({any})", "round({any}, {n})", "round({f}, {i})", "divmod({any}, {any})",
             "pow({i}, {n})", "pow({i}, {i}, {i})", "hex({any})", "oct({any})", "bin({any})", "ord({any})", "chr({any})", "ascii({any})",
             "any({any})", "all({any})", "list(reversed({any}))", "list(enumerate({any}, {i}))", "list(zip({any}, {any}))",
             "list(zip({any}, {any}, strict=True))", "list(map(str, {any}))", "list(filter(None, {any}))", "list(range({n}))",
             "list(range({n}, {n}, {n}))", "range({i}, {i}, {n})", "bytes({any})", "bytearray({any})", "complex({any})", "complex({any}, {any})",
             "set({any})", "frozenset({any})", "dict({any})", "dict(a={any})", "type({any}).__name__", "isinstance({any}, (int, {any}))",
             "isinstance({any}, (int, str))", "callable({any})", "hash({i})", "int({s}, {n})", "int({s}, 16)", "int({s}, 0)",
             "format({any}, {spec})", "format({f}, {spec})", "format({i}, {spec})", "format({s}, {spec})", "slice({any}, {any}).indices({n})",
             "hasattr({any}, 'upper')", "iter({any}) and 1", "next(iter({any}))", "next(iter({any}), {any})",
             "memoryview({b})[{i}]", "list(memoryview({b}))", "int.from_bytes({b}, 'big')", "int.from_bytes({b}, 'little', signed=True)",
             "float.fromhex({s})", "bytes.fromhex({s})", "str({b}, 'utf-8')", "str.maketrans({s}, {s})", "dict.fromkeys({any}, {any})",
             "issubclass(bool, int)", "print({any}, {any}, sep={s})", "input", "list({any})[{i}]", "vars({any})", "eval({s})"]
SPECS = ["", "d", "x", "X", "o", "b", "c", "n", "e", "E", "f", "F", "g", "G", "%", "s", "10", "<10", ">10", "^10", "*^15", "=+8", "08", "+", " ",
         "-", "#x", "#b", "#o", ",", "_", ",d", "_x", ".3", ".0f", ".10g", "10.3f", "+.2e", "015.4f", "#.3g", ".2%", "z.1f", "!", "5s", ".2s", "<<5",
         "=10", "{}", "10,", ",.2f", "_b", "1.5", "c5", "x,", "#", "0", "00", "+d", "é^7", "10d", ".400f", "n", "^+9,.1f", "-^3"]
PERCENT = ["%d", "%s", "%r", "%a", "%x", "%o", "%c", "%e", "%f", "%g", "%5d", "%-5d|", "%05d", "%+d", "% d", "%#x", "%.3f", "%10.2f", "%-10s|", "%.2s",
           "%%", "%i", "%u", "%5", "%z", "%(a)s", "%*d", "%.*f", "%s %s", "%d %s", "%5c|", "%#o", "%.0f", "%G", "%X", "%ld", "%(a)d"]


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.names = 0

    def pick(self, items):
        return self.r.choice(items)

    def chance(self, p):
        return self.r.random() < p

    # ---- expressions ----------------------------------------------------------------------------

    def atom(self, kind):
        if self.chance(0.4):
            return self.pick(NAMES[kind])
        if kind == "int":
            return self.pick(INTS) if self.chance(0.7) else str(self.r.randrange(-20, 40))
        if kind == "float":
            return self.pick(FLOATS)
        if kind == "str":
            return self.pick(STRS)
        if kind == "bytes":
            return self.pick(BYTES)
        n = self.pick([0, 1, 1, 2, 3, 4])
        if kind == "list":
            return "[" + ", ".join(self.item() for _ in range(n)) + "]"
        if kind == "tuple":
            return "(" + "".join(self.item() + ", " for _ in range(n)) + ")"
        if kind == "dict":
            return "{" + ", ".join(f"{self.key()}: {self.item()}" for _ in range(n)) + "}"
        return "{" + ", ".join(self.key() for _ in range(n or 1)) + "}"

    def key(self):
        text = self.atom(self.pick(["int", "int", "str", "float"]))
        return "0.75" if text == "float('nan')" else text  # the hash of nan is its address

    def item(self):
        kind = self.pick(["int", "int", "str", "float", "any"])
        return self.pick(["None", "...", "1j", "2.5-3j", "range(4)"]) if kind == "any" else self.atom(kind)

    def small(self):
        return str(self.r.randrange(-3, 12))

    def fill(self, text, depth):
        short = {"s": "str", "b": "bytes", "l": "list", "d": "dict", "v": "set", "p": "tuple", "f": "float"}
        out = []
        i = 0
        while i < len(text):
            if text.startswith("{{", i) or text.startswith("}}", i):
                out.append(text[i])
                i += 2
            elif text[i] == "{":
                end = text.index("}", i)
                word = text[i + 1:end]
                if word == "any":
                    out.append(self.expr(depth - 1))
                elif word == "n":
                    out.append(self.small())
                elif word == "i":
                    out.append(self.small() if self.chance(0.7) else self.atom("int"))
                elif word == "spec":
                    out.append(repr(self.pick(SPECS)))
                elif self.chance(0.06):
                    out.append(self.expr(depth - 1))
                else:
                    out.append(self.atom(short[word]))
                i = end + 1
            else:
                out.append(text[i])
                i += 1
        return "".join(out)

    def limited(self, op, left, right):
        """Powers, shifts and repetitions are kept small."""
        if op in ("**", "<<"):
            return f"{left} {op} {self.small()}"
        if op == "*":
            return f"{left} * {self.small()}" if self.chance(0.8) else f"{self.small()} * {right}"
        return f"{left} {op} {right}"

    def expr(self, depth=3):
        if depth <= 0 or self.chance(0.2):
            return self.atom(self.pick(TYPES)) if self.chance(0.95) else self.pick(["None", "1j", "print", "int", "..."])
        form = self.r.randrange(17)
        if form <= 3:
            kind = self.pick(TYPES)
            other = kind if self.chance(0.75) else self.pick(TYPES)
            return "(" + self.limited(self.pick(BINARY), self.atom(kind), self.atom(other)) + ")"
        if form <= 6:
            kind = self.pick(TYPES)
            receiver = self.atom(kind)
            return f"({receiver}).{self.fill(self.pick(CALLS[kind]), depth)}"
        if form <= 9:
            return self.fill(self.pick(FUNCTIONS), depth)
        if form == 10:
            parts = [self.small() if self.chance(0.7) else "" for _ in range(self.pick([1, 2, 3]))]
            inside = ":".join(parts) if len(parts) > 1 else parts[0] or "0"
            return f"{self.atom(self.pick(['str', 'list', 'tuple', 'bytes', 'dict']))}[{inside}]"
        if form == 11:
            return f"({self.expr(depth - 1)} if {self.expr(depth - 1)} else {self.expr(depth - 1)})"
        if form == 12:
            values = ", ".join(self.expr(0) for _ in range(self.pick([1, 1, 2])))
            return f"({self.pick(PERCENT)!r} % ({values},))" if self.chance(0.8) else f"({self.pick(PERCENT)!r} % {self.expr(1)})"
        if form == 13:
            return self.fstring(depth)
        if form == 14:
            return self.comprehension(depth)
        if form == 15:
            op = self.pick(["-", "+", "~", "not "])
            return f"({op}{self.expr(depth - 1)})"
        chain = " ".join(f"{self.pick(['<', '<=', '==', '!=', '>', 'in'])} {self.expr(0)}" for _ in range(2))
        return f"({self.expr(0)} {chain})"

    def fstring(self, depth):
        value = self.atom(self.pick(TYPES))
        if any(c in value for c in "'\"\\{}!:"):
            value = self.pick(["i", "f", "s", "l", "p", "i + j", "s * 2", "f / 3"])
        convert = self.pick(["", "", "!r", "!s", "!a"])
        spec = self.pick(["", ":" + self.pick(SPECS), ":>{i % 40}", "="])
        return f'f"<{{{value}{"=" if spec == "=" else ""}{convert}{"" if spec == "=" else spec}}}>{{{{}}}}"'

    def comprehension(self, depth):
        source = self.pick(["range(5)", self.atom("list"), self.atom("str"), self.atom("dict"), "enumerate('ab')"])
        test = self.pick(["", " if x", " if x != 1", f" if {self.expr(0)}"])
        body = self.pick(["x", "(x, x)", "str(x)", "x * 2", f"[x, {self.expr(0)}]", "[y for y in [x] * 2]"])
        form = self.pick(["[{b} for x in {s}{t}]", "{{repr({b}) for x in {s}{t}}}", "{{repr(x): {b} for x in {s}{t}}}", "list({b} for x in {s}{t})",
                          "sum(1 for x in {s}{t})", "[(x, z) for x in {s}{t} for z in 'ab']"])
        return form.format(b=body, s=source, t=test)

    # ---- statements -----------------------------------------------------------------------------

    def new_name(self):
        self.names += 1
        return f"n{self.names}"

    def block(self, lines, indent=1):
        return ["    " * indent + line for line in lines]

    def simple(self):
        form = self.r.randrange(9)
        if form <= 3:
            return [f"show({self.expr()})"]
        if form == 4:
            kind = self.pick(TYPES)
            return [f"{self.pick(NAMES[kind])} {self.pick(['+=', '-=', '*=', '|=', '&=', '//=', '%='])} "
                    f"{self.small() if self.chance(0.5) else self.atom(kind)}"] + [f"show({self.pick(NAMES[kind])})"]
        if form == 5:
            target = self.pick(["l", "m", "d", "e", "p", "s"])
            index = self.pick([self.small(), f"{self.small()}:{self.small()}", "::2", "::-1", ":", self.key()])
            if self.chance(0.3):
                return [f"del {target}[{index}]", f"show({target})"]
            return [f"{target}[{index}] = {self.expr(1)}", f"show({target})"]
        if form == 6:
            names = self.pick(["a1, a2", "a1, *a2", "*a1, a2", "a1, (a2, a3)", "[a1, a2, *a3]", "a1, a2, a3", "*a1,"])
            return [f"{names} = {self.expr(2)}"] + ["show(a1)"]
        if form == 7:
            return [f"show((y := {self.expr(1)}), y)"]
        return [f"assert {self.expr(1)}, {self.expr(0)}"]

    def function(self):
        name = self.new_name()
        params = self.pick(["", "a", "a, b=2", "a, /, b", "*args", "a, *, k", "a, *args, k=1, **kw", "a=1, b=2, /, *, c=3", "**kw", "a, b, c"])
        known = [p.strip(" *").partition("=")[0] for p in params.split(",") if p.strip() not in ("", "/", "*")]
        body = [f"show({', '.join(known) or 0})", f"return {self.pick(known + ['i', 'None', self.expr(1)])}"]
        call = ", ".join(self.pick(["1", "2", "a=3", "b=4", "k=5", "*p", "**{'k': 6}", "z=7", "**{'a': 1}", "*[1, 2]"])
                         for _ in range(self.r.randrange(4)))
        positional_last = sorted(call.split(", ") if call else [], key=lambda c: ("=" in c or c.startswith("**"), c.startswith("**")))
        return [f"def {name}({params}):"] + self.block(body) + [f"show({name}({', '.join(positional_last)}))"]

    def closure(self):
        name = self.new_name()
        return [f"def {name}(x):", "    n = x", "    def bump(by=1):", "        nonlocal n", f"        n {self.pick(['+=', '-=', '*='])} by",
                "        return n", "    return bump, lambda: n", f"up, now = {name}({self.atom(self.pick(['int', 'float', 'str', 'list']))})",
                f"show(up(), up({self.expr(0)}), now())"]

    def klass(self):
        name = self.new_name()
        bases = self.pick(["", "", "(int)", "(str)", "(list)", "(dict)", "(Exception)", "(tuple)", "(Base)", "(Base, int)", "(float)"])
        lines = [f"class {name}{bases}:"]
        special = self.pick(["__add__", "__eq__", "__lt__", "__getitem__", "__contains__", "__call__", "__mul__", "__radd__", "__or__"])
        unary = self.pick(["__len__", "__bool__", "__iter__", "__str__", "__repr__", "__hash__", "__index__", "__neg__", "__int__", "__float__",
                           "__format__", "__enter__"])
        value = self.pick(["NotImplemented", self.expr(0), "(1, type(other).__name__)"])
        if special == "__getitem__":
            value += " if other in range(20) else [][0]"  # or iterating over it has no end
        lines += self.block([f"def {special}(self, other, *rest): return {value}"])
        lines += self.block([f"def {unary}(self, *a): return {self.expr(0)}"])
        if self.chance(0.3):
            lines += self.block(["@property", f"def prop(self): return {self.expr(0)}"])
        if bases != "(str)" and self.chance(0.3):
            lines += self.block([f"__slots__ = {self.pick(['()', repr(('x',)), repr('y')])}"])
        make = f"o = {name}({self.pick(['', '', '1', repr('ab'), '[1, 2]', self.expr(0)])})"
        uses = [self.pick(["o + 1", "1 + o", "o == o", "o < 1", "o[0]", "1 in o", "o(2)", "o * 2", "len(o)", "bool(o)", "list(o)", "str(o)[:3]",
                           "{o: 1} and 1", "[1, 2, 3][o]", "-o", "int(o)", "float(o)", "o.prop", "o.x", "format(o, 'x')[:2]", "o | 1", "isinstance(o, int)",
                           "type(o).__mro__[1].__name__", "round(o)", "o.missing", "sorted([o, o]) and 1", "max(o, o) is o", "'%d' % o", "o is o"])
                for _ in range(3)]
        return lines + [make] + [line for use in uses for line in self.guarded([f"show({use})"])]

    def generator(self):
        name = self.new_name()
        steps = self.pick([["show(next(it))"], ["show(next(it))", f"show(it.send({self.expr(0)}))"], ["next(it)", "it.throw(ValueError('t'))"],
                           ["next(it)", "it.close()", "next(it)"], ["show(list(it))"], ["it.send(1)"], ["next(it)", "show(it.throw(KeyError, 'k'))"]])
        return [f"def {name}():", "    try:", f"        got = yield {self.expr(0)}", "        show('got', got)", f"        yield from {self.expr(1)}",
                f"    except {self.pick(['ValueError', 'KeyError', 'GeneratorExit', 'Exception'])} as err:", "        show('caught', repr(err))",
                f"        {self.pick(['yield 1', 'return', 'raise', 'raise RuntimeError(1) from err'])}", "    finally:", "        show('finally')",
                f"it = {name}()"] + steps

    def trouble(self):
        kinds = ["ValueError", "KeyError", "(TypeError, IndexError)", "ZeroDivisionError", "Exception", "ArithmeticError", "LookupError", "OSError"]
        risky = self.pick([f"show({self.expr()})", f"raise {self.pick(['ValueError', 'KeyError', 'IndexError'])}({self.expr(0)})",
                           "1 / 0", "{}['x']", "[][1]", "unknown_name", "raise", f"raise {self.expr(0)}", "int('x')", "None.attr",
                           f"raise KeyError({self.expr(0)}) from {self.pick(['None', 'ValueError(1)', '3'])}", "raise ExceptionGroup('g', [ValueError(1), KeyError('k')])"])
        after = self.pick(["", "else:", "finally:"])
        lines = ["try:", f"    {risky}", f"except {self.pick(kinds)} as err:", "    show('E', type(err).__name__, err.args, repr(err.__cause__))",
                 f"    {self.pick(['pass', 'raise', 'raise TypeError(2) from err', '1 / 0', 'del err'])}"]
        if after:
            lines += [after, "    show('after')"]
        return lines

    def loop(self):
        source = self.pick([self.atom("list"), self.atom("dict"), self.atom("str"), "range(6)", self.expr(1)])
        return [f"for x in {source}:", f"    if {self.pick(['x', 'x == 2', self.expr(0)])}: {self.pick(['continue', 'break', 'pass'])}",
                f"    show(x, {self.expr(1)})", "else:", "    show('else')"]

    def matching(self):
        cases = [self.pick(["0", "'a'", "[a1, *a2]", "[1, x]", "{'a': a1}", "{'a': a1, **rest}", "int(a1)", "str() | bytes()", "None", "(a1, a2)",
                            "[]", "float(a1) if a1 > 0", "{}", "True", "-1 | 2.5", "[[a1], _]", "list() as a1", "int(a1, a2)", "str(real=a1)"]) for _ in range(3)]
        lines = [f"match {self.expr(1)}:"]
        for n, case in enumerate(cases):
            lines += [f"    case {case}:", f"        show({n})"]
        return lines + ["    case _:", "        show('none')"]

    def managed(self):
        return ["class CM:", f"    def __enter__(self): return {self.expr(0)}", "    def __exit__(self, kind, value, tb):",
                "        show('exit', kind and kind.__name__)", f"        return {self.pick(['True', 'False', 'None', '1 / 0'])}",
                "with CM() as cm:", f"    show(cm, {self.expr(2)})"]

    def guarded(self, lines):
        return ["try:"] + self.block(lines) + ["except Exception as error:", "    fail(error)"]

    def text(self):
        lines = []
        for kind, names in NAMES.items():
            for name in names:
                self_free = self.atom(kind)
                while self_free in NAMES[kind]:
                    self_free = self.atom(kind)
                lines.append((name, self_free))
        out = self.r.sample([self.simple] * 5 + [self.function, self.closure, self.klass, self.generator, self.trouble, self.loop, self.matching,
                                                 self.managed], 5)
        start = ["class Base:", "    def who(self): return 'base'"]
        for name, value in lines:
            start += [f"{name} = {PLAIN[name]}" if any(word in value for word in PLAIN) else f"{name} = {value}"]
        body = []
        for make in out:
            body += self.guarded(make())
        return "\n".join(start + body) + "\n"


PLAIN = {"i": "5", "j": "-3", "k": "0", "f": "1.5", "g": "-0.25", "s": "'spam'", "t": "'eggs'", "u": "''", "b": "b'ab'", "c": "b''", "l": "[1, 2, 3]",
         "m": "[]", "p": "(1, 2)", "q": "()", "d": "{'a': 1}", "e": "{}", "v": "{1, 2}", "w": "{3}"}


def program(seed):
    return Maker(seed).text()
