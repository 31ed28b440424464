nan = float("nan")
print(nan == nan, nan != nan, nan < 1, nan in [nan], [nan] == [nan], min(1.0, nan), max(nan, 1.0))
