s = "héllo €"
print(s.encode(), s.encode("latin-1", "replace"), s.encode("ascii", "ignore"), s.encode("ascii", "backslashreplace"), b"h\xc3\xa9".decode(), b"\xff\xfea".decode("utf-8", "replace"), b"\xe9".decode("latin-1"))
for f in (lambda: s.encode("ascii"), lambda: b"\xff".decode(), lambda: b"\xe2\x82".decode("utf-8"), lambda: s.encode("nope")):
    try:
        f()
    except Exception as e:
        print(type(e).__name__, e)
