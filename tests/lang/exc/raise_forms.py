class NotExc: pass
for thing in (ValueError, ValueError("v"), 5, NotExc, NotExc()):
    try:
        raise thing
    except Exception as e:
        print(type(e).__name__, e)
try:
    raise ValueError from 5
except Exception as e:
    print(type(e).__name__, e)
try:
    try:
        raise ValueError
    except 5:
        pass
except TypeError as e:
    print(e)
