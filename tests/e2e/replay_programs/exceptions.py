# Exceptions with tracebacks: kept, dropped, chained, with frames that keep their locals.
import sys


def fail(n):
    local = {"n": n}
    if n:
        return fail(n - 1)
    return 1 // 0


kept = []
for i in range(20):
    try:
        fail(i % 6)
    except ZeroDivisionError as e:
        if i % 3 == 0:
            kept.append(e)
        try:
            raise RuntimeError([i]) from (e if i % 2 else None)
        except RuntimeError as second:
            kept.append(second.with_traceback(None) if i % 4 else second)
    try:
        int("no number")
    except (ValueError, TypeError):
        kept.append(sys.exc_info()[0])
