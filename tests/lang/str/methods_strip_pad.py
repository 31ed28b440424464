print("|" + "  x ".strip() + "|", "xxabcxx".strip("x"), "abc".lstrip("ab"), "abc".rstrip("c"), "ab".center(7, "*"), "ab".ljust(5) + "|", "ab".rjust(5), "-42".zfill(6), "a\tb\tc".expandtabs(4))
print("prefix-body".removeprefix("prefix-"), "body.py".removesuffix(".py"), "aXbX".replace("X", "--"), "aaaa".replace("a", "b", 2), "abc".replace("", "-"))
