for spec in ("", "10", ">10", "^10", "*<10", ".2", "5.1", "s"):
    print("|" + format("hello", spec) + "|")
for value, spec in (("x", "d"), (1, "s"), (1.5, "d"), ("x", "+"), ("x", "=5"), ([], "5")):
    try:
        print(format(value, spec))
    except Exception as e:
        print(type(e).__name__, e)
