print(7.5 // 2, -7.5 // 2, 7.5 % -2, -7.5 % 2, divmod(7.5, 2), 2.0 ** 0.5, 0.1 + 0.2)
print(1e308 * 10, -1e308 * 10, 3.0 == 3, 3.5 > 3, round(2.5), round(3.5), round(2.675, 2), round(1234.5, -2))
for f in (lambda: 1.0 / 0, lambda: 1.0 // 0, lambda: 1.0 % 0, lambda: 0.0 ** -1):
    try:
        f()
    except ZeroDivisionError as e:
        print(e)
