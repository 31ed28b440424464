print(2 ** 10, 2 ** -1, (-2) ** 3, 0 ** 0, pow(3, -1, 7), round(12345, -2), round(15, -1), round(25, -1))
try:
    pow(2, -1, 4)
except ValueError as e:
    print(e)
