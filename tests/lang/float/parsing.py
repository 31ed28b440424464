for t in ("1.5", "-1e3", " inf ", "nan", "1_000.5", ".5", "5.", "0x1p3", "", "1e", "1__0"):
    try:
        print(float(t))
    except ValueError as e:
        print(e)
