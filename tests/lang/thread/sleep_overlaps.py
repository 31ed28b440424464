import threading, time
t0 = time.monotonic()
ts = [threading.Thread(target=time.sleep, args=(0.1,)) for _ in range(5)]
for t in ts: t.start()
for t in ts: t.join()
print(time.monotonic() - t0 < 0.4)
