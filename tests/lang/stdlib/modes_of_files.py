# What a file says of its mode, which of binary ones is that of the raw file.
import os
import tempfile

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "file")
    for mode in ("wb", "w+b", "rb", "r+b", "rb+", "ab", "a+b", "w", "r", "r+", "a", "a+", "w+"):
        with open(path, mode) as file:
            print(mode, file.mode, "b" in mode or file.buffer.mode)
    for number, mode in enumerate(("xb", "x+b", "x")):
        with open(path + str(number), mode) as file:
            print(mode, file.mode)
    with tempfile.SpooledTemporaryFile(max_size=1) as file:
        file.write(b"ab")
        print(file.mode)
    os.symlink("nowhere", path + "-link")
    try:
        os.chmod(path + "-link", 0o600, follow_symlinks=False)
    except NotImplementedError as error:
        print(error)
