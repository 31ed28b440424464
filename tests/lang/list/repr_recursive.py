a = [1]
a.append(a)
d = {}
d["self"] = d
t = ([],)
t[0].append(t)
print(a, d, t)
