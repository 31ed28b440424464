seed = 42
rows = []
for i in range(60000):
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    rows.append({"id": i, "score": seed % 1000, "name": "n%d" % (seed % 5000)})
a = sorted(rows, key=lambda r: r["score"])
b = sorted(rows, key=lambda r: (r["name"], -r["id"]))
c = sorted((r["score"] for r in rows), reverse=True)
print(a[0]["id"], a[-1]["id"], b[0]["name"], b[-1]["id"], c[:3])
