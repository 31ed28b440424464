# Exceptions with tracebacks, kept and dropped, chained, in cycles with their frames.
kept = []


def deep(n):
    local = [n]
    if n == 0:
        raise ValueError("at the bottom", local)
    try:
        deep(n - 1)
    except ValueError as e:
        if n == 3:
            raise KeyError("again") from e
        raise
    finally:
        local.append(None)


class Context:
    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        kept.append((kind, value, traceback))
        if len(kept) > 20:
            kept.clear()
        return True


print("READY", flush=True)
while True:
    with Context():
        deep(6)
    try:
        {}["missing"]
    except KeyError as e:
        kept.append(e)
