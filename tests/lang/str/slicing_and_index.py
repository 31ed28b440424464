s = "héllo wörld €𝄞"
print(s[0], s[-1], s[1:4], s[::-1], s[::2], s[-3:], s[10:2:-2], len(s))
for i in (50, -50, "a", None):
    try:
        s[i]
    except (IndexError, TypeError) as e:
        print(type(e).__name__, e)
