text = "the quick brown fox jumps over the lazy dog and runs away from the big bad wolf"
words = []
seed = 1
base = text.split()
for i in range(240000):
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    words.append(base[seed % len(base)] + str(seed % 97))
counts = {}
for w in words:
    if w in counts:
        counts[w] += 1
    else:
        counts[w] = 1
by_letter = {}
for w, n in counts.items():
    by_letter.setdefault(w[0], []).append((n, w))
top = sorted(((n, w) for l in by_letter.values() for n, w in l), reverse=True)[:5]
print(len(counts), top)
