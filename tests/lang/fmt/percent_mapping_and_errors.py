print("%(a)s-%(b)03d" % {"a": "x", "b": 7}, "%*d|%-*d|%.*f" % (5, 42, 5, 42, 2, 3.14159))
for fmt, args in (("%d", "x"), ("%s %s", (1,)), ("%s", (1, 2)), ("%q", 1), ("%(a)s", 5)):
    try:
        print(fmt % args)
    except Exception as e:
        print(type(e).__name__, e)
