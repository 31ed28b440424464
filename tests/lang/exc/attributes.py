e = ValueError("a", 1)
e.extra = 5
e.add_note("note")
print(e.args, str(e), repr(e), e.extra, e.__notes__, e.__traceback__, e.with_traceback(None) is e)
print(str(KeyError("k")), str(KeyError()), repr(OSError(2, "No such", "f")), OSError(2, "x").errno, type(OSError(2, "x")).__name__, StopIteration(5).value, SystemExit(3).code, str(ValueError()), str(Exception((1, 2))))
