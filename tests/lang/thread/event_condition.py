import threading
ev = threading.Event()
out = []
def waiter():
    ev.wait()
    out.append("woke")
t = threading.Thread(target=waiter)
t.start()
out.append("setting")
ev.set()
t.join()
print(out, ev.is_set(), threading.Event().wait(0.01))
cond = threading.Condition()
queue = []
def consumer():
    with cond:
        while len(queue) < 3:
            cond.wait()
        out.append(sum(queue))
t = threading.Thread(target=consumer)
t.start()
for i in range(3):
    with cond:
        queue.append(i)
        cond.notify()
t.join()
print(out[-1])
