# What no machine has is refused at once: a MemoryError, and the program goes on.
TERA = 1 << 40


def refused(what):
    try:
        what()
    except MemoryError as error:
        return type(error).__name__
    return "made"


print(refused(lambda: "%*d" % (TERA, 1)))
print(refused(lambda: "a".zfill(16 * TERA)))
print(refused(lambda: "a".ljust(16 * TERA)))
print(refused(lambda: bytes(16 * TERA)))
print(refused(lambda: bytearray(16 * TERA)))
print(refused(lambda: [0] * (4 * TERA)))
print(refused(lambda: (0,) * (4 * TERA)))

grown = bytearray(1 << 20)
for _ in range(2):
    print(refused(lambda: grown.extend(bytearray(16 * TERA))), len(grown))
