import threading
results = {}
def work(n):
    results[n] = sum(range(n))
ts = [threading.Thread(target=work, args=(i * 1000,), name=f"t{i}") for i in range(5)]
for t in ts: t.start()
for t in ts: t.join()
print(sorted(results.items()), [t.is_alive() for t in ts], ts[0].name, threading.current_thread().name, threading.main_thread() is threading.current_thread(), threading.active_count())
