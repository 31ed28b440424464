def t(v):
    print(v, end=" ")
    return v
print(1 < 2 < 3, 1 < 3 < 2, t(1) < t(0) < t(5), 1 == 1.0 != 2, 3 > 2 >= 2 == 2, 1 in [1] == True)
x = 5
print(0 < x < 10, not 0 < x < 3, 1 < x > 2)
