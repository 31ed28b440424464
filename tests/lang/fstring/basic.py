name, n, x = "bob", 42, 3.14159
print(f"{name} {n:5d}|{x:.2f}|{name!r:>8}|{n:#x}|{x:{10}.{2}f}|{n=}|{x = :.1f}|{{}}|{name.upper()}")
print(f"{'nested ' + f'{n}'}", f"{[i for i in range(3)]}", f"{(lambda v: v * 2)(4)}", f"{n if n > 3 else 'no'}")
