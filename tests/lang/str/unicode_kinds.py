a, b, c, d = "abc", "é", "€", "𝄞"
for x in (a + b, a + c, a + d, b + d, (a + d)[:3], a * 3 + c):
    print(x, len(x), x.encode("utf-8"), max(map(ord, x)))
print(a < b < c < d, sorted([d, c, b, a]), ord(d), chr(0x1D11E) == d, "\N{EURO SIGN}" == c)
