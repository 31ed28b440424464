t = str.maketrans("abc", "xyz", "d")
print("aabbccdd".translate(t), "abc".translate({97: None, 98: "BB", 99: 0x20AC}), str.maketrans({"a": 1}))
