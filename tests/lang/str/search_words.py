"""Finding, counting and replacing, beside loops that do it slowly: needles of every short length, at
every distance from the start and the end, among characters that resemble them."""


def slow_find(s, sub, start=0):
    for i in range(start, len(s) - len(sub) + 1):
        if s[i : i + len(sub)] == sub:
            return i
    return -1


def slow_hits(s, sub):
    at, hits = 0, []
    while (at := slow_find(s, sub, at)) >= 0:
        hits.append(at)
        at += len(sub)
    return hits


def slow_replace(s, old, new, count):
    out, done = s[:0], 0
    for hit in slow_hits(s, old)[:count]:
        out += s[done:hit] + new
        done = hit + len(old)
    return out + s[done:]


def check(s, sub):
    hits = slow_hits(s, sub)
    assert s.find(sub) == (hits[0] if hits else -1), (s, sub)
    assert s.count(sub) == len(hits), (s, sub)
    assert (sub in s) is bool(hits)
    pieces = s.split(sub)
    assert len(pieces) == len(hits) + 1 and sub.join(pieces) == s
    for new in (s[:0], sub[:1], sub + sub[:1], sub * 9):
        for count in (0, 1, 2, len(s) + 1):
            assert s.replace(sub, new, count) == slow_replace(s, sub, new, count), (s, sub, new)
        assert s.replace(sub, new) == slow_replace(s, sub, new, len(s))


def texts(state):
    for length in (1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 40, 65, 100):
        for letters in ("a", "ab", "abc", "ab\x80", "ab\xff\u1234", "a\x01\x00"):
            out = ""
            for _ in range(length):
                state = (state * 1103515245 + 12345) % 2**31
                out += letters[state // 65536 % len(letters)]
            yield out


for text in texts(1):
    for size in (1, 2, 3, 4, 8, 17, 18):
        for start in (0, 1, len(text) // 2, len(text) - size):
            if 0 <= start <= len(text) - size:
                check(text, text[start : start + size])
                octets = text.encode("utf-8")
                check(octets, octets[start : start + size])
    check(text, "ab")
    check(text, "zz")
    check(text, "ba" * 9)

# A needle that almost fits everywhere: neither search may become quadratic in what it compares.
text = "a" * 20000
assert text.count("a" * 30 + "b") == 0
assert text.count("a" * 40) == 500
assert text.replace("aa", "b") == "b" * 10000
assert ("x" * 50 + "yz").find("yz") == 50
assert ("y" * 50 + "z").find("yz") == 49


for size in range(40):
    for n in (1, 2, 3):
        part = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF"[:size]
        assert (part + "-") * n == "-".join([part] * n) + "-"
        assert f"{part}{n}{part}" == part + str(n) + part
        assert "%s|%d|%s" % (part, n, part) == part + "|" + str(n) + "|" + part

# Mapping by words: every ASCII character at every place, and lengths around a word.
every = "".join(map(chr, range(128)))
for size in range(1, 40):
    for start in range(0, 128, 5):
        part = (every * 2)[start : start + size]
        assert part.upper() == "".join(chr(ord(c) - 32) if "a" <= c <= "z" else c for c in part)
        assert part.lower() == "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in part)
        for c in (part[0], part[-1], "\x7f", "\0"):
            assert part.replace(c, "\x01") == "".join("\x01" if x == c else x for x in part)
            assert part.count(c) == sum(x == c for x in part)
            assert part.encode().count(c.encode()) == part.count(c)
