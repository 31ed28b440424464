# What 50,000 random programs found; each line is compared with the reference.
def t(f, *args, **kw):
    try:
        print(repr(f(*args, **kw)))
    except Exception as e:
        print(type(e).__name__, e)


# The end of the source has a line and no column.
for source in ("", " ", "\n", "\n\n", "#c", "#c\n", "  #x", "\n\n   \n", "1 +", "1 +\n", "not", "\t\t", "\f"):
    for mode in ("eval", "single"):
        try:
            eval(source) if mode == "eval" else compile(source.strip(" \t"), "<x>", "single")
        except SyntaxError as e:
            print(ascii(source), mode, type(e).__name__, e, e.lineno, e.offset, ascii(e.text), e.end_lineno, e.end_offset)
for source in ("@x", "@x\n", "@x\n\n\n", "@x\n  ", "def f():", "for", "x ="):
    try:
        compile(source, "<x>", "exec")
    except SyntaxError as e:
        print(ascii(source), type(e).__name__, e, e.lineno, e.offset, ascii(e.text))

# Lone surrogates are no source, and no number.
for text in ("\ud800", "a\udc00", '"\ud800"', "\n\udfff"):
    t(eval, text)
    t(exec, text)
    t(compile, text, "<x>", "exec")
    t(float.fromhex, text)
    t(bytes.fromhex, text)
t(float.fromhex, "0x1\0")
t(float.fromhex, "\0")

# What is not ASCII is refused before any other character.
for text in ("x\xe9", "1\xe9", "xx \u4e2d", "a b\U0001f600", "g", "1", "12 3", "zz", "\xa011", "11\x0b"):
    t(bytes.fromhex, text)
    t(bytearray.fromhex, text)


# A sequence converts the index before it says that items cannot change.
class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        print("asked")
        return self.value // 1


def assign(o, key):
    o[key] = 1


def delete(o, key):
    del o[key]


for o in ("a", (1,), b"a", range(3), frozenset(), {1}, 1, None, 1.5, {}.keys(), iter(()), object(), type("C", (), {})()):
    for key in (2**64, -2**64, 0, "x", Index(2**70), Index(1), Index("x")):
        t(assign, o, key)
        t(delete, o, key)


# float() asks a subclass of float, complex() and the formats of int do too.
class Word(float):
    def __float__(self):
        return "x"


class Half(float):
    def __float__(self):
        return 8.5


class Count(int):
    def __float__(self):
        return 2.5


class Text(str):
    def __float__(self):
        return 2.5

    def __int__(self):
        return 7


class OnlyFloat(str):
    def __float__(self):
        return 2.5


for v in (Word(1), Half(1), Count(3), Text("1"), OnlyFloat("1"), OnlyFloat("x")):
    for convert in (float, complex, int, lambda v: complex(v, v), lambda v: format(v, ".2f"), lambda v: "%d" % v, lambda v: b"%d" % (v,),
                    lambda v: "%x" % v, lambda v: "%f" % v, lambda v: "%5.3i" % v):
        t(convert, v)

# Flags are C ints.
for flag in (10**20, -10**20, 2**31, 2**31 - 1, -1, "x", None, 1.0, True):
    t(sorted, [2, 1], reverse=flag)
    t([2, 1].sort, reverse=flag)
    t("a\nb".splitlines, flag)
    t(b"a\nb".splitlines, flag)
    t(bytearray(b"a\nb").splitlines, keepends=flag)
    t(chr, flag)
    for sequence in ([1, 2], (1, 2)):
        t(sequence.index, 1, flag)
        t(sequence.index, 1, 0, flag)

# A bytearray on the right of % is a value, not a mapping.
for form in (b"", b"%s", b"%%", b"%(a)s", b"x"):
    t(lambda: form % bytearray(b"abc"))
    t(lambda: bytearray(form) % bytearray(b"abc"))
    t(lambda: form % memoryview(b"abc"))
t(lambda: "" % bytearray(b"abc"))
