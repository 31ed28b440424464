s = "abcabcabc"
print(s.find("ca"), s.rfind("ab"), s.find("x"), s.index("b", 2), s.count("abc"), s.count(""), s.startswith(("x", "ab")), s.endswith("bc", 0, 6))
print("b" in s, "" in s, "xyz" not in s, s.find("", 20), s.find("c", -2))
for f in (lambda: s.index("zz"), lambda: s.rindex("zz")):
    try:
        f()
    except ValueError as e:
        print(e)
