def g():
    try:
        yield 1
    finally:
        print("cleanup")
it = g()
next(it)
del it
print("deleted")
def bad():
    try:
        yield 1
    except GeneratorExit:
        yield 2
b = bad()
next(b)
try:
    b.close()
except RuntimeError as e:
    print(e)
for x in g():
    break
print("end")
