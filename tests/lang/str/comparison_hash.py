print("a" < "b", "abc" < "abd", "" < "a", "a" == "a", "a" != "é", "Z" < "a", hash("x") == hash("x"), "a" == 1)
try:
    "a" < 1
except TypeError as e:
    print(e)
