s = "hELLO wORLD straße ǅ ŉ"
print(s.upper(), s.lower(), s.title(), s.capitalize(), s.swapcase(), s.casefold())
print("abc".isalpha(), "ab1".isalnum(), "12".isdigit(), "²".isdigit(), "Ⅷ".isnumeric(), "٣".isdecimal(), " \t".isspace(), "Abc".istitle(), "ABC".isupper(), "a_1".isidentifier(), "a\n".isprintable(), "".isalpha())
