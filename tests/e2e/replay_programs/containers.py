# Containers that change their size: growing, shrinking, sorting, rehashing, copying.
import collections

table, items, members, queue = {}, [], set(), collections.deque(maxlen=70)
for i in range(400):
    table[i if i % 2 else str(i)] = [i]
    items.append((i, [i]))
    members.add((i % 90, str(i)))
    queue.append([i])
    if i % 3 == 0:
        table.pop(i, None)
        items.pop(i % len(items))
        members.discard((i % 50, str(i)))
        queue.popleft()
items.sort(key=lambda pair: -pair[0])
items[10:50] = [None] * 5
del items[::7]
items *= 2
again = dict(table)
again.update({str(i): i for i in range(900, 1000)})
union = members | frozenset(range(300))
union.clear()
turned = collections.defaultdict(list)
for k, v in list(table.items()):
    turned[len(str(k))].append(v)
queue.rotate(5)
nested = [items[:], list(reversed(items)), tuple(items), sorted(str(k) for k in table)]
table.clear()
