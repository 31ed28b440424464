print("a,b,,c".split(","), " a  b ".split(), "a,b,c".split(",", 1), "a,b,c".rsplit(",", 1), "x".split("x"), "".split(), "".split(","))
print("one\ntwo\r\nthree\x0bfour".splitlines(), "one\n\ntwo\n".splitlines(True), "k=v=w".partition("="), "k=v=w".rpartition("="), "kv".partition("="))
print("-".join(["a", "b"]), "".join(str(i) for i in range(5)), ", ".join({"x": 1, "y": 2}))
for args in ((["a", 1],), (5,)):
    try:
        "".join(*args)
    except TypeError as e:
        print(e)
