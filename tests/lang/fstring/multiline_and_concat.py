a = 1
s = (f"a={a} "
     "plain {not} "
     f"{a + 1!s}")
print(s)
print(f"""line1 {a}
line2 {a *
2}""")
