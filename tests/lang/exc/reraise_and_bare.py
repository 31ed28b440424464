def f():
    try:
        raise ValueError("x")
    except ValueError:
        raise
try:
    f()
except ValueError as e:
    print("got", e)
try:
    raise
except RuntimeError as e:
    print(e)
try:
    try:
        raise KeyError("a")
    finally:
        print("cleanup")
except (TypeError, KeyError) as e:
    print(type(e).__name__, e.args)
