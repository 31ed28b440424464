# What stat says of the mode of a file.
import stat

kinds = [stat.S_IFDIR, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFREG, stat.S_IFIFO, stat.S_IFLNK,
         stat.S_IFSOCK, 0, stat.S_IFMT(0o177777)]
asks = [name for name in dir(stat) if name.startswith("S_IS") and callable(getattr(stat, name))]
print(asks)
for kind in kinds:
    print(oct(kind), [name for name in asks if getattr(stat, name)(kind | 0o644)],
          stat.filemode(kind | 0o640))
for mode in (0, 0o777, 0o7777, 0o7666, 0o4711, 0o1755, 0o2070, 0o100644):
    print(stat.filemode(mode), stat.filemode(stat.S_IFREG | mode), oct(stat.S_IMODE(mode)))
print({name: getattr(stat, name) for name in dir(stat)
       if name.isupper() and isinstance(getattr(stat, name), int)})
for wrong in (-1, 1 << 40, "x", None):
    for f in (stat.S_ISDIR, stat.S_IMODE, stat.filemode):
        try:
            print(f(wrong))
        except (TypeError, OverflowError) as error:
            print(type(error).__name__)
