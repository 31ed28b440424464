import io, sys, threading


def shown(action):
    """What an action writes to sys.stderr, without what differs between machines."""
    saved, sys.stderr = sys.stderr, io.StringIO()
    try:
        action()
        return [line for line in sys.stderr.getvalue().splitlines() if not line.startswith("  ")]
    finally:
        sys.stderr = saved


def fails():
    raise ValueError("x")


def leaves():
    raise SystemExit


def run(target, name):
    thread = threading.Thread(target=target, name=name)
    thread.start()
    thread.join()


print(shown(lambda: run(fails, "bad one")))
print(shown(lambda: run(leaves, "leaves")))
print(threading.ExceptHookArgs((1, 2, 3, 4)), threading.ExceptHookArgs.__name__,
      threading.excepthook.__name__)
for argument in (1, (ValueError, ValueError("q"), None, None)):
    try:
        threading.excepthook(argument)
    except TypeError as error:
        print(error)
try:
    threading.ExceptHookArgs((1, 2))
except TypeError as error:
    print(error)
arguments = threading.ExceptHookArgs((ValueError, ValueError("q"), None, None))
print(len(shown(lambda: threading.excepthook(arguments))))

seen = []
threading.excepthook = lambda args: seen.append((args.exc_type, str(args.exc_value),
                                                 args.thread.name))
run(fails, "other")
print(seen)
