def build(n):
    out = []
    for i in range(n):
        s = "item %d: %s" % (i, "x" * (i % 20))
        s = s.upper().replace("X", "yz").strip()
        parts = s.split(":")
        out.append("-".join(parts) + str(i))
        if parts[0].startswith("ITEM 1"):
            out.append(parts[0][5:].zfill(8))
    return ",".join(out)


def accumulate(n):
    acc = ""
    for i in range(n):
        acc += f"{i:x};"
    return acc


text = build(50000)
print(len(text), text.count("yz"), text.find("15999"), sum(ord(c) for c in text[:50000]))
print(len(accumulate(100000)))
