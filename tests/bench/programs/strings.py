out = []
for i in range(24000):
    s = "item %d: %s" % (i, "x" * (i % 20))
    s = s.upper().replace("X", "yz").strip()
    parts = s.split(":")
    out.append("-".join(parts) + str(i))
    if parts[0].startswith("ITEM 1"):
        out.append(parts[0][5:].zfill(8))
text = ",".join(out)
print(len(text), text.count("yz"), text.find("15999"), sum(ord(c) for c in text[:20000]))
acc = ""
for i in range(60000):
    acc += f"{i:x};"
print(len(acc))
