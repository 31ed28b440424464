print(int("42"), int("-0x1f", 16), int("0b101", 0), int("z", 36), int(" 1_000 "))
for text, base in (("", 10), ("1_", 10), ("12", 2), ("abc", 10), ("0x", 0)):
    try:
        print(int(text, base))
    except ValueError as e:
        print(e)
