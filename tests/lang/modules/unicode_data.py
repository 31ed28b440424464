"""unicodedata: properties, names and normal forms, in version 14 and as in 3.2."""
import unicodedata
import zlib

CHARACTERS = "aA1 \0\u00bd\u00b2\u0660\u2167\u4e00\u3000\uff21\u0301\u05d0\u0628(\u00e9\u212b\ufb01" \
             "\uac01\u0f43\U0001d400\U0001f600\u0378\ud800\ue000\U000e0041\U00011f02\U00031350"
ONE = ("category", "bidirectional", "combining", "mirrored", "east_asian_width", "decomposition")
DEFAULT = ("decimal", "digit", "numeric", "name")
FORMS = ("NFC", "NFD", "NFKC", "NFKD")


def attempt(function, *args):
    try:
        return function(*args)
    except Exception as error:
        return type(error).__name__, error.args


print(unicodedata.unidata_version, unicodedata.ucd_3_2_0.unidata_version)
for data in (unicodedata, unicodedata.ucd_3_2_0):
    for c in CHARACTERS:
        print(ascii(c), [getattr(data, name)(c) for name in ONE],
              [attempt(getattr(data, name), c) for name in DEFAULT],
              [ascii(data.normalize(form, c)) for form in FORMS],
              [data.is_normalized(form, c) for form in FORMS])
    for name in ONE:
        function = getattr(data, name)
        text = " ".join(str(function(chr(c))) for c in range(0x3400))
        print(name, zlib.crc32(text.encode()))
    for name in DEFAULT:
        function = getattr(data, name)
        text = " ".join(str(function(chr(c), "")) for c in range(0x3400))
        print(name, zlib.crc32(text.encode()))
    for form in FORMS:
        for text in ("", "ascii", "e\u0301\u0323", "a\u0315\u0300\u05ae\u0300b", "\u1100\u1161\u11a8",
                     "\ufb03", "\u0344", "\u0958", "\u1e9b\u0323", "q\u0307\u0323", "\U0001109a\u0300",
                     "\uac00\u11a7", "\u0301e", "\u0b47\u0300\u0b3e", "\U0002f868"):
            print(form, ascii(data.normalize(form, text)), data.is_normalized(form, text))
for name in ("DIGIT ONE", "digit one", "KEYCAP ASTERISK", "HANGUL SYLLABLE GAG", "LINE FEED",
             "CJK UNIFIED IDEOGRAPH-4E00", b"DIGIT TWO", "no such thing", "x" * 300, "", 1, "\u00e9"):
    print(attempt(unicodedata.lookup, name), attempt(unicodedata.ucd_3_2_0.lookup, name))
for name in ONE + DEFAULT + ("lookup", "normalize", "is_normalized"):
    function = getattr(unicodedata, name)
    print(name, attempt(function, 1), attempt(function, "ab"), attempt(function, "NFC", 1))
print(attempt(unicodedata.normalize, "NFX", "a"), attempt(unicodedata.normalize, "NFX", ""))
print(attempt(unicodedata.UCD), unicodedata.UCD, type(unicodedata.ucd_3_2_0).__mro__)


class Text(str):
    pass


print(type(unicodedata.normalize("NFC", Text("abc"))), unicodedata.normalize("NFC", Text("e\u0301")))
s = "\u00e9"
print(unicodedata.normalize("NFC", s) is s)
print("b\u00fccher.example".encode("idna"), b"xn--bcher-kva.example".decode("idna"))
