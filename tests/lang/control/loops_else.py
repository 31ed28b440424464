for i in range(5):
    if i == 3:
        break
else:
    print("no break")
for i in []:
    pass
else:
    print("empty else")
n = 0
while n < 5:
    n += 1
    if n == 2:
        continue
    if n == 4:
        break
else:
    print("never")
print(i, n)
