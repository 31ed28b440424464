class A:
    n = 5
    @classmethod
    def make(cls, *a):
        return cls.__name__, a
    @staticmethod
    def plain(x, y=2):
        return x + y
    @classmethod
    def count(cls):
        return cls.n
class B(A):
    n = 6
print(A.make(1), B.make(), B().make(2), A.plain(1), A().plain(1, 5), B.count(), A.__dict__["plain"].__func__(1), type(A.__dict__["make"]).__name__)
