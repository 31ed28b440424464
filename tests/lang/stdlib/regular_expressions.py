"""re from the library on the interpreter's own engine."""
import re

for pattern, text in ((r"(a+)(b*)", "aaabb"), (r"(?:a|ab)(?:c|bcd)(d*)", "abcd"), (r"(a|b)*?c", "ababc"),
                      (r"((a)?b)+", "abb"), (r"(.)(.)\2\1", "abba"), ("(?i)HeLLo", "hEllO"), (r"(?>a+)b", "aaab"),
                      ("a++a", "aaa"), ("(?:ab)++c", "ababc"), (r"(x)?(?(1)y|z)", "xy"), (r"(x)?(?(1)y|z)", "z"),
                      (r"(?P<n>\d+)-(?P=n)", "12-12"), (r"^\s*#.*$", "  # comment"), (r"[^\W\d_]+", "abc1"),
                      (r"(?=abc)a", "abc"), (r"(?!abc)a", "abd"), (r"(?<!x)y", "y"), (r"\Aa.c\Z", "a\nc"), (r"(?s)a.c", "a\nc"),
                      (r"(a*)*", "aaa"), (r"(a*)+", "b"), (r"(?:a{2,3}?){2}", "aaaaa"), (r"a{,2}b", "aab"), ("é+", "éé"),
                      ("[α-ω]+", "λόγος"), ("(?i)straße", "STRAßE"), ("(?a)\\w+", "é"), ("\\N{BULLET}" if False else "x", "x"),
                      (r"([a-z]+)(\d*)([!?]*)", "abc12!?"), (r"(((a)))", "a"), (r"x*", ""), (r"\d{3}|\w{2}", "ab1")):
    m = re.match(pattern, text)
    print(pattern, repr(text), m and (m.span(), m.groups(), m.lastindex, m.lastgroup, m.groupdict()))
print(re.findall(r"\w+", "hello big world"), re.findall(r"(a)|(b)", "abab"), re.findall("", "abc"), re.findall(r"(?m)^\w", "a\nb\nc"))
print(re.sub(r"(\w)(\w*)", r"\2\1-\g<1>", "hello world"), re.sub("x*", "-", "abxd"), re.subn("a", "b", "aaa", 2))
print(re.sub(r"a(?P<n>.)", lambda m: m["n"].upper(), "abac"), re.split(r"[,;]\s*", "a, b;c"), re.split("(x*)", "axbc"), re.split("x", "axbxc", 1))
print([m.span() for m in re.finditer("a*", "baac")], re.escape("a.b*c d-e"), re.fullmatch("a|ab", "ab"))
print(repr(re.compile("a", re.I | re.M | re.X)), re.compile("a", re.I).flags, re.compile(b"\xff"), re.search(b"\xff*$", b"a\xff"))
m = re.search(r"(?P<year>\d{4})-(?P<m>\d\d)", "on 2024-05-06")
print(m, m.group(0, 1, "m"), m["year"], m.start("m"), m.end(1), m.span(2), m.expand(r"\1/\g<m>"), m.pos, m.endpos, m.re.groupindex, m.regs, m.string)
for bad in ("(", "a**", "[z-a]", "(?P<1>a)", r"\1", "(?<=a*)b", "*", "(?P<a>x)(?P<a>y)", "[", "a{3,1}", "(?z)", r"\q"):
    try:
        re.compile(bad)
        print("compiled", bad)
    except re.error as e:
        print(bad, "|", e, e.pos)
for call in (lambda: re.match("a", b"a"), lambda: re.match(b"a", "a"), lambda: re.match("a", 5), lambda: m.group(9), lambda: m.group("q"),
             lambda: re.sub("a", r"\2", "a")):
    try:
        print(call())
    except (TypeError, IndexError, re.error) as e:
        print(type(e).__name__, e)
p = re.compile("b")
print(p.search("abab", 2).start(), p.match("abab", 1), p.search("abab", 0, 1), p.fullmatch("abc", 1, 2), p == re.compile("b"), hash(p) == hash(re.compile("b")))
s = re.compile(r"\w").scanner("ab c")
print(s.match(), s.match(), s.match(), s.search())
print(re.match("(?:" * 50 + "a" + ")" * 50, "a").end(), re.search(r"\bfoo\b", "a foo b").span(), len(re.findall(".", "x" * 100000)))
print(re.match(r"(?:x|y)*z", "xy" * 20000 + "z").end(), re.match("(a|b|ab)*c", "ab" * 12) is None)
print(re.compile(r"""
    (\d+)   # number
    \s*     # space
    ([a-z]) # unit
""", re.VERBOSE).findall("10 k 20m"))
