"""Names that a terminal would obey: in every name that brille prints."""
import threading
import time

EVIL = "\x1b[41m\u009b2J\x07\nforged line"


def forged():
    namespace = {}
    source = "import time\ndef evil(ready):\n    kept = [ready]\n    ready.set()\n    time.sleep(600)\n"
    exec(compile(source, f"file{EVIL}.py", "exec"), namespace)
    function = namespace["evil"]
    evil = f"function{EVIL}"
    function.__code__ = function.__code__.replace(co_name=evil, co_qualname=evil)
    return function


Evil = type(f"Evil{EVIL}", (), {"__module__": f"module{EVIL}"})
kept = [Evil() for _ in range(2000)]
for each in kept:
    setattr(each, f"attribute{EVIL}", [each, EVIL])
globals()[f"global{EVIL}"] = kept
ready = threading.Event()
threading.Thread(target=forged(), args=(ready,), name=f"thread{EVIL}", daemon=True).start()
ready.wait()
print("READY", flush=True)
while True:
    time.sleep(0.01)
    kept.append(Evil())
