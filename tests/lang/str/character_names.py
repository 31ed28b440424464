# \N{...} knows every name of Unicode, aliases and names that follow from the code point.
print(ascii("\N{SPACE}\N{NARROW NO-BREAK SPACE}\N{em space}\N{Latin Small Letter Sharp S}"))
print(ascii("\N{CJK UNIFIED IDEOGRAPH-4E00}\N{CJK UNIFIED IDEOGRAPH-3134A}\N{HANGUL SYLLABLE GA}"))
print(ascii("\N{HANGUL SYLLABLE BBWAELM}\N{HANGUL SYLLABLE YI}\N{HANGUL SYLLABLE I}\N{HANGUL SYLLABLE HIH}"))
print(ascii("\N{NULL}\N{LF}\N{LINE FEED}\N{LATIN CAPITAL LETTER GHA}\N{BYTE ORDER MARK}"))
print(ascii("\N{TAG SPACE}\N{PILE OF POO}\N{VARIATION SELECTOR-256}\N{CJK COMPATIBILITY IDEOGRAPH-F900}"))
for name in ("", "NO SUCH NAME", "CJK UNIFIED IDEOGRAPH-", "CJK UNIFIED IDEOGRAPH-0", "SPACE ",
             "CJK UNIFIED IDEOGRAPH-04E00", "HANGUL SYLLABLE X", "HANGUL SYLLABLE GA ", "=NULL",
             "KEYCAP ASTERISK", "@20", "cjk unified ideograph-4e00", "hangul syllable ga", "A" * 200):
    try:
        print(ascii(eval("'\\N{" + name + "}'")))
    except SyntaxError as e:
        print(name, e)
