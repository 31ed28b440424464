class Base(Exception):
    def __init__(self, code, *args):
        super().__init__(*args)
        self.code = code
class Child(Base):
    def __str__(self):
        return f"child {self.code}"
for make in (lambda: Base(1, "a", "b"), lambda: Child(2)):
    try:
        raise make()
    except Base as e:
        print(type(e).__name__, e, repr(e), e.code, e.args, isinstance(e, Exception))
