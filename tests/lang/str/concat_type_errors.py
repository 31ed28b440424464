for f in (lambda: "a" + 1, lambda: 1 + "a", lambda: "a" * "b", lambda: "a" - "b", lambda: "a" * 2.0, lambda: "abc"["a"]):
    try:
        f()
    except TypeError as e:
        print(e)
