# Texts, bytes and numbers of all sizes: interned, appended in place, formatted, encoded.
import sys

kept = []
text = ""
number = 1
for i in range(200):
    text += "%d," % i
    number = number * (i + 1) - i
    kept.append(f"{number!r:>10.20} {i / 7:.3f} {i:x}")
    kept.append(text.upper()[-20:].split(","))
    kept.append(("\u20ac" * i + "\U0001f40d").encode()[: i * 2])
    kept = kept[-60:]
interned = [sys.intern("interned %d" % i) for i in range(30)]
del interned[::2]
floats = [i / 3 for i in range(50)]
kept.append(text.replace("1", "\u0416").encode("utf-8").decode("utf-8"))
kept.append(b"".join([bytes([i]) * i for i in range(50)]))
