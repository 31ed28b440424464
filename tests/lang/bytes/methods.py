print(b"a,b".split(b","), b" x ".strip(), b"abc".upper(), b"abcabc".find(b"c", 3), b"abc".replace(b"b", b"XX"), b"-".join([b"a", b"b"]), b"abc".startswith(b"ab"), b"a b".title(), b"ab".center(6, b"*"), b"12".isdigit(), b"a=b".partition(b"="), b"%d-%s" % (5, b"x"))
for f in (lambda: bytes([256]), lambda: b"a" + "b", lambda: bytes("x"), lambda: b"".join(["a"])):
    try:
        f()
    except Exception as e:
        print(type(e).__name__, e)
