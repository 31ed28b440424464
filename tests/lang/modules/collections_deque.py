from collections import deque
d = deque([1, 2, 3], maxlen=4)
d.append(4); d.append(5); d.appendleft(0)
print(d, d[0], d[-1], len(d), d.pop(), d.popleft(), d.maxlen, 2 in d)
d.rotate(1)
d.extend([7, 8]); d.extendleft([9])
print(d, list(reversed(d)), d.count(7), d.index(7), d == deque(d), deque("ab") + deque("c"))
try:
    deque().pop()
except IndexError as e:
    print(e)
