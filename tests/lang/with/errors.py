class NoExit:
    def __enter__(self): pass
class BadEnter:
    def __enter__(self):
        raise ValueError("enter")
    def __exit__(self, *a):
        print("never")
class BadExit:
    def __enter__(self): pass
    def __exit__(self, *a):
        raise RuntimeError("exit")
def run(cm):
    try:
        with cm:
            raise KeyError("body")
    except Exception as e:
        print(type(e).__name__, e, repr(e.__context__))
run(5)
run(NoExit())
run(BadEnter())
run(BadExit())
