"""A program that uses the library: a tokenizer made of regular expressions."""
import re
import time

TOKENS = re.compile(r"(?P<number>\d+(?:\.\d*)?)|(?P<name>[^\W\d]\w*)|(?P<op>[-+*/=()])|(?P<space>\s+)|(?P<bad>.)")
SOURCE = "total = price * (1 + tax) - 3.5 / größe ; x" * 5

end = time.monotonic() + 2
counts = {}
while time.monotonic() < end:
    tokens = [(m.lastgroup, m.group(), m.span()) for m in TOKENS.finditer(SOURCE)]
    for kind, text, where in tokens:
        counts[kind] = counts.get(kind, 0) + 1
    words = re.findall(r"\b(\w)(\w*)\b", SOURCE)
    swapped = re.sub(r"(\w+) (\W) (\w+)", r"\3 \2 \1", SOURCE)
    upper = re.sub(r"\bt\w+", lambda m: m[0].upper(), SOURCE)
    parts = re.split(r"\s*([=+-])\s*", SOURCE)
    assert "".join(t for _, t, _ in tokens) == SOURCE and re.fullmatch(r"(?s)(?:a|.)*?x", SOURCE)
