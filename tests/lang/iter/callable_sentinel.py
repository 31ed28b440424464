it = iter([1, 2, 0, 3]).__next__
print(list(iter(it, 0)))
class It:
    def __init__(self):
        self.n = 0
    def __iter__(self):
        return self
    def __next__(self):
        self.n += 1
        if self.n > 3:
            raise StopIteration("done")
        return self.n
print(list(It()), [x for x in It()], dict(zip("abc", It())), sorted(It(), reverse=True))
for f in (lambda: iter(5), lambda: next(5), lambda: list(None), lambda: [*1]):
    try:
        f()
    except TypeError as e:
        print(e)
