"""Writes unicode_names.txt, the names of Unicode's characters, as unicode_names.c reads it.

Usage: python3.11 vm/front/unicode_names_make.py > vm/front/unicode_names.txt

The names are those of the running Python's database (14.0.0 for Python 3.11), the aliases and
sequences those of Perl's, and each of these is checked against the former. Names that follow from
the code point (CJK unified ideographs, Hangul syllables) are left to unicode_names.c.
"""
import glob
import unicodedata

BY_RULE = ("CJK UNIFIED IDEOGRAPH-", "HANGUL SYLLABLE ")


def records():
    with open(glob.glob("/usr/share/perl/*/unicore/Name.pl")[0]) as f:
        text = f.read()
    body = text[text.index("return <<'END';\n") + 16:text.rindex("END")]
    for record in body.split("\n\n"):
        codes, _, name = record.strip().partition("\n")
        if name:
            yield [int(code, 16) for code in codes.split()], name


def is_known(name, codes):
    try:
        return unicodedata.lookup(name) == "".join(map(chr, codes))
    except KeyError:
        return False


expected = None
for code in range(0x110000):
    name = unicodedata.name(chr(code), None)
    if name and not name.startswith(BY_RULE):
        if code != expected:
            print(f"@{code:X}")
        print(name)
        expected = code + 1
others = [(codes, name) for codes, name in records()
          if unicodedata.name(chr(codes[0]), None) != name and is_known(name, codes)]
for mark, wanted in ("=", lambda n: n == 1), ("+", lambda n: n > 1):
    for codes, name in others:
        if wanted(len(codes)):
            print(mark + name + "\t" + " ".join(f"{code:X}" for code in codes))
