"""Makes byte strings, each longer than the one before, and says so after each."""
kept = []
for i in range(100000):
    kept.append(b"x" * (10000 + i))
    print(i, flush=True)
    if len(kept) > 8:
        kept.clear()
