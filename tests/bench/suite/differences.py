"""difflib, heapq, itertools, collections and statistics: the library's algorithms in Python."""
import collections
import difflib
import heapq
import itertools
import statistics

a = [f"line {i * 7 % 50} of text" for i in range(160)]
b = [line if i % 9 else line.upper() for i, line in enumerate(a) if i % 13]
diff = list(difflib.unified_diff(a, b, lineterm=""))
ratio = difflib.SequenceMatcher(None, "".join(a[:25]), "".join(b[:25])).ratio()
counts = collections.Counter(word for line in a for word in line.split())
groups = {k: len(list(g)) for k, g in itertools.groupby(sorted(a), key=lambda s: s[:7])}
heap = []
for i in range(20000):
    heapq.heappush(heap, (i * 7919 % 10007, i))
order = [heapq.heappop(heap) for _ in range(len(heap))]
ring = collections.deque(maxlen=100)
for i in range(50000):
    ring.append(i)
ordered = collections.OrderedDict((i % 997, i) for i in range(20000))
for i in range(500):
    ordered.move_to_end(i)
data = [(i * 31 % 101) / 3 for i in range(1500)]
print(len(diff), f"{ratio:.6f}", counts.most_common(2), len(groups), order[777], sum(ring))
print(list(ordered)[-1], f"{statistics.stdev(data):.6f}", statistics.median(data), statistics.mode(data))
