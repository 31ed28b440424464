# stderr: whole
class A:
    def method(self, x):
        return self.helper(x)["key"].value
    def helper(self, x):
        return {"key": x}
def outer():
    a = A()
    return [a.method(i) for i in range(2)]
outer()
