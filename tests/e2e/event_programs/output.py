"""Says the same in every run: on both outputs, from its input and its arguments."""
import sys
import threading

words = sys.stdin.read().split()
totals = {}


def count(part):
    for word in part:
        totals[word] = totals.get(word, 0) + len(word)


threads = [threading.Thread(target=count, args=(words[i::2],)) for i in range(2)]
for t in threads:
    t.start()
    t.join()
print(sorted(totals.items()), sys.argv[1:])
print("to the other side", file=sys.stderr)
cycle = []
cycle.append(cycle)
sys.exit(7)
