"""pathlib without the file system: joining, comparing, taking apart; os.path and fnmatch beside."""
import fnmatch
import os.path
import pathlib

names = [f"src/mod{i % 17}/sub{i % 5}/../file_{i}.{'py' if i % 3 else 'txt'}" for i in range(900)]
total = 0
for _ in range(4):
    base = pathlib.PurePosixPath("/home/user")
    paths = [base / name for name in names]
    total += sum(len(p.parts) + len(p.suffix) + len(p.stem) for p in paths)
    total += sum(p.match("*.py") for p in paths)
    total += len({p.with_suffix(".o").name for p in paths})
    total += len(str(paths[-1].relative_to("/home")))
    total += sum(a < b for a, b in zip(paths, paths[1:]))
    total += len(str(pathlib.PureWindowsPath("c:/x") / names[0]))
    total += sum(len(list(p.parents)) for p in paths[:200])
    normal = [os.path.normpath(os.path.join("/var", n)) for n in names]
    total += len(os.path.commonprefix(normal)) + len(fnmatch.filter(normal, "*/mod1*/*.txt"))
print(total)
