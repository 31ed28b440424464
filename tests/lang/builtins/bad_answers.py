# What conformance found: odd arguments and answers that are to be said, not passed over.
import binascii
import random
import sys
import warnings


class BadInt(int):
    def __abs__(self):
        return None


random.Random().seed(BadInt())
print(random.Random(BadInt(7)).random() == random.Random(7).random())


def attempt(what, *arguments):
    try:
        print(ascii(what(*arguments)))
    except Exception as error:
        print(type(error).__name__, error)


attempt(sum, [bytearray(b"x")], bytearray())
attempt(sum, [[1], [2]], [])
attempt(type, "a\0b", (), {})
attempt(type, "a\ud800", (), {})
attempt(type, "\xe9", (), {})
for text in (b"=", b"a=", b"a==b", b"=41=4", b"a=\nb", b"a=\r\nb", b"a=\rb\nc", b"a=\r", b"=4x", b"=X1_", b"a_b"):
    print(text, binascii.a2b_qp(text), binascii.a2b_qp(text, header=True))
for arguments in ((), (42,), ((42,),), ((17, 23),), ((),), (None,), ("text",), ([1],)):
    try:
        sys.exit(*arguments)
    except SystemExit as error:
        print(repr(error.code), error.args)
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    print(bool(NotImplemented), not NotImplemented, 1 if NotImplemented else 2)
print([str(w.message) for w in seen])
warnings.simplefilter("error")
attempt(bool, NotImplemented)
