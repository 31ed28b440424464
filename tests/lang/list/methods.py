a = [3, 1, 2]
a.append(5)
a.extend((7, 8))
a.insert(1, "i")
a.insert(-100, "first")
a.insert(100, "last")
print(a, a.pop(), a.pop(0), a.index(5), a.count(1), len(a))
a.remove("i")
a.reverse()
print(a, a.copy() is a)
a.clear()
print(a)
for f in (lambda: [].pop(), lambda: [1].remove(2), lambda: [1].index(2), lambda: [1].pop(5)):
    try:
        f()
    except (IndexError, ValueError) as e:
        print(type(e).__name__, e)
