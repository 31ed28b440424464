"""A heap of plain records, built of MIB MiB or more, that stays as it is. Usage: plain_heap.py MIB"""
import sys
import time

records = []
while len(records) < 2000 * int(sys.argv[1]):
    i = len(records)
    records.append({"id": i, "name": f"name {i}", "values": [i + 1000, i + 0.5, (i, bytes(12))]})
print("READY", flush=True)
time.sleep(3600)
