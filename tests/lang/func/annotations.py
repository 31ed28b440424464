def f(a: int, b: "str" = "x", *args: float, c: list = None, **kw: dict) -> bool:
    x: int = 5
    y: str
    return a
print(f.__annotations__, f(1))
v: int = 3
w: str
print(__annotations__)
class C:
    a: int = 1
    b: "C"
print(C.__annotations__)
