import time
a = time.monotonic(); time.sleep(0.01); b = time.monotonic()
print(b - a >= 0.009, time.time() > 1.6e9, time.perf_counter() > 0, isinstance(time.time_ns(), int), time.process_time() >= 0)
try:
    time.sleep(-1)
except ValueError as e:
    print(e)
