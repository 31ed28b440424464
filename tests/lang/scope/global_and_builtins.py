x = "global"
def f():
    global x, made
    x = "changed"
    made = 1
def g():
    x = "local"
    return x
f()
print(x, made, g())
len = lambda o: "shadowed"
print(len([]))
del len
print(len([1]))
