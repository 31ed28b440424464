"""Sleeps, long, and then does a little."""
import sys
import time

print("READY", flush=True)
time.sleep(float(sys.argv[1]))
total = 0
for i in range(1000):
    total += i
print("awake", total)
