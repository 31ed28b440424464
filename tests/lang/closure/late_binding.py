fs = [lambda: i for i in range(3)]
gs = [lambda i=i: i for i in range(3)]
print([f() for f in fs], [g() for g in gs])
def outer():
    def inner():
        return x
    try:
        inner()
    except NameError as e:
        print(e)
    x = 1
    return inner()
print(outer())
