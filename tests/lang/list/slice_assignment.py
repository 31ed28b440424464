a = list(range(10))
a[2:5] = "xy"
print(a)
a[::2] = [0] * len(a[::2])
print(a)
del a[1:3]
del a[::-2]
print(a)
a[1:1] = [9, 9]
a[:] = a[::-1]
print(a)
try:
    a[::2] = [1]
except ValueError as e:
    print(e)
try:
    a[0:1] = 5
except TypeError as e:
    print(e)
