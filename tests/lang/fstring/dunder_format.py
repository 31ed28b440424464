class C:
    def __format__(self, spec):
        return f"<{spec}>"
    def __repr__(self):
        return "C()"
    def __str__(self):
        return "str C"
c = C()
print(f"{c} {c:abc} {c!r} {c!s} {c!r:>6} {c=}")
