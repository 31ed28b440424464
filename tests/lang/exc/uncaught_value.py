def f(x):
    return 10 / x
def g():
    return f(0)
print("before")
g()
