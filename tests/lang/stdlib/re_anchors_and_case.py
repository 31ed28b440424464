"""A pattern that begins with its anchor is tried once; letters that share an upper case match."""
import re

for pattern in ["^a", r"\Aa", "^", "(?m)^a", "(^a)", "a|^b", "(?=a)^"]:
    for subject in ["ba", "a", "", "xx\na", "aaa"]:
        print(pattern, repr(subject), [m.span() for m in re.finditer(pattern, subject)],
              [m.span() for m in re.compile(pattern).finditer(subject, 1)],
              re.sub(pattern, "X", subject), re.split(pattern, subject))
print(re.search(r"\Ayyy", "x" * 10_000_000))
for a, b in ["ﬅﬆ", "ﬆﬅ", "Kk", "ſS", "ᲀВ", "ßß", "ßS"]:
    print(ascii(a), ascii(b), bool(re.match(a, b, re.I)))
