def t(v):
    print(repr(v), end=" ")
    return v
print(t(0) or t("") or t("end"), t(1) and t([]) and t(2), not t(0), t(None) is None or t(1))
print(1 if t(0) else 2, [] or {} or (), "a" and "b", 0 and 1 / 0)
