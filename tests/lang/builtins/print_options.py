import sys
print(1, 2, 3, sep="-", end="!\n")
print("a", "b", sep="")
print()
print("err", file=sys.stderr)
print(*range(3), sep=",", flush=True)
try:
    print(1, sep=5)
except TypeError as e:
    print(e)
