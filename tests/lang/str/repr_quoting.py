for s in ("a'b", 'a"b', "a'b\"c", "tab\tnl\n\\", "\x00\x7f\xa0\u200b\ud800", "é€𝄞"):
    print(repr(s), ascii(s))
