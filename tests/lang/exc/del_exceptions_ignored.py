class A:
    def __del__(self):
        print("del")
        raise ValueError("in del")
a = A()
del a
print("after")
