# What kinds of line ends a text file has met so far.
import os
import tempfile

BLOCK = 8192
TEXTS = [b"", b"a", b"a\n", b"a\r", b"a\r\n", b"a\rb\n", b"a\r\nb\n", b"a\r\nb\rc\n", b"\r\r\n\n",
         b"x" * (BLOCK - 1) + b"\r\n", b"x" * (BLOCK - 1) + b"\rz", b"x" * (BLOCK - 1) + b"\r"]

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "file")
    for text in TEXTS:
        with open(path, "wb") as file:
            file.write(text)
        for newline in (None, "", "\n", "\r", "\r\n"):
            with open(path, newline=newline) as file:
                before = file.newlines
                length = len(file.read())
                print(repr(text[-4:]), repr(newline), before, length, repr(file.newlines))
    with open(path, "wb") as file:
        file.write(b"a\nb\r\n" + b"c" * (2 * BLOCK) + b"\r\n")
    with open(path) as file:
        print(repr(file.readline()), file.newlines)
        print(repr(file.readline()), file.newlines)
        print(len(file.readline()), file.newlines)
        file.seek(0)
        print(file.newlines)
    with open(path, "w") as file:
        file.write("a\n")
        print(file.newlines)
