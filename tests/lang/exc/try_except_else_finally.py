def f(kind):
    try:
        print("try", end=" ")
        if kind == 1:
            raise ValueError("v")
        if kind == 2:
            raise KeyError("k")
        if kind == 3:
            return "returned"
    except ValueError as e:
        print("except", e, end=" ")
        return "handled"
    else:
        print("else", end=" ")
    finally:
        print("finally", end=" ")
    return "end"
for k in range(4):
    try:
        print(f(k))
    except KeyError as e:
        print("outer", e)
