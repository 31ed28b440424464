"""Where objects live: in 16 KiB pools, each for blocks of one size."""
import time

POOL = 16 * 1024


def describe(name, objects):
    addresses = sorted(id(thing) for thing in objects)
    pools = {address // POOL for address in addresses}
    gaps = [after - before for before, after in zip(addresses, addresses[1:])]
    usual = max(set(gaps), key=gaps.count)
    print(f"{len(objects)} {name}: {len(pools)} pools, neighbours {usual} bytes apart")
    return pools


floats = [number + 0.5 for number in range(5000)]
texts = [f"text {number}" for number in range(10000, 15000)]
big = bytes(100_000)

together = describe("floats", floats) & describe("texts", texts)
print("pools that hold both:", len(together))
print("one float, at", hex(id(floats[100])))
print("ready", flush=True)
time.sleep(600)
