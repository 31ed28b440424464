import threading
loc = threading.local()
loc.x = "main"
seen = []
def work():
    seen.append(hasattr(loc, "x"))
    loc.x = "thread"
    seen.append(loc.x)
t = threading.Thread(target=work)
t.start(); t.join()
print(seen, loc.x)
sem = threading.Semaphore(2)
print(sem.acquire(), sem.acquire(), sem.acquire(blocking=False))
class T(threading.Thread):
    def run(self): self.result = 42
t = T(daemon=True)
t.start(); t.join()
print(t.result, t.daemon)
try:
    t.start()
except RuntimeError as e:
    print(e)
