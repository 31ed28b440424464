"""Compiling patterns: the parser and compiler of re, which are Python."""
import re

PATTERNS = [
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)", r"^\s*(?:#.*)?$", r"[a-zA-Z_][a-zA-Z0-9_]*",
    r"(a|b|c|dd|eee)+?x", r"(?i:hello)\s+(?!world)\w+", r"\b(\w+)\s+\1\b", r"(?<=\$)\d+(?:\.\d\d)?",
    r"[^\W\d_]+|[+-]?\d+(?:[eE][+-]?\d+)?", r"<(/?)([a-z]+)((?:\s+[a-z]+=\"[^\"]*\")*)\s*(/?)>",
    r"(?x) ( [0-9]{1,3} \. ){3} [0-9]{1,3}  # address", r"[\u0100-\u017f\u0400-\u04ff]+",
    r"((((((a)?b)?c)?d)?e)?f)?", r"(?:abc|abd|abe|xyz){2,5}", r"(?s).*?end\Z",
]
groups = 0
for n in range(14):
    re.purge()
    for pattern in PATTERNS:
        for flags in (0, re.I, re.M):
            groups += re.compile(pattern, flags).groups
print(groups)
