"""What happens to memory that is given back: it is used again, if something fits."""
import sys
import time

POOL = 16 * 1024


def pools(objects):
    return {id(thing) // POOL for thing in objects}


def same_block():
    first = 1.5 * len(sys.argv)
    address = id(first)
    del first
    second = 2.5 * len(sys.argv)
    print("the next float takes the block of the last:", id(second) == address)


same_block()
stage = sys.argv[1]
floats = [number + 0.5 for number in range(400_000)]
before = pools(floats)
if stage != "full":
    floats = floats[::250]      # one in 250 stays: two in a pool of 510
    print(f"{len(floats)} floats are left, in {len(pools(floats))} of {len(before)} pools")
if stage == "refilled":
    again = [number + 0.5 for number in range(300_000)]
    print(f"{len(again)} new floats, {len(pools(again) - before)} new pools")
print("ready", flush=True)
time.sleep(600)
