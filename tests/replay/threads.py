"""Three threads that allocate, wait and hand over the GIL."""
import threading
import time

until = time.monotonic() + 2
lock = threading.Lock()
shared = []
local = threading.local()


def work(name):
    local.items = []
    while time.monotonic() < until:
        local.items.append({"name": name, "n": len(shared)})
        with lock:
            shared.append([name] * 3)
            if len(shared) > 500:
                shared.clear()
        if len(local.items) > 300:
            del local.items[:]
            time.sleep(0.001)


threads = [threading.Thread(target=work, args=("t%d" % i,)) for i in range(3)]
for t in threads:
    t.start()
while any(t.is_alive() for t in threads):
    for i in range(3):
        t = threading.Thread(target=lambda: [object() for _ in range(100)])
        t.start()
        t.join()
for t in threads:
    t.join()
