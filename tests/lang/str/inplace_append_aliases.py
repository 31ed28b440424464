a = "x"
b = a
for i in range(5):
    a += str(i)
c = a
a += "tail"
print(a, b, c)
