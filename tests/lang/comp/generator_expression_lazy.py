def src():
    for i in range(3):
        print("make", i)
        yield i
g = (x * 10 for x in src())
print("created")
print(next(g), list(g))
try:
    (i for i in 5)
except TypeError as e:
    print(e)
