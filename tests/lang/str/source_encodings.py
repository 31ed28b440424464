# What a source says of its encoding counts for bytes, and not for text.
import ast
import os
import subprocess
import sys
import tempfile


def attempt(source):
    names = {}
    try:
        exec(compile(source, "f", "exec"), names)
        print(ascii(names["x"]))
    except SyntaxError as error:
        print(type(error).__name__, error)


for encoding in ("utf-8", "latin-1", "latin9", "cp1252", "iso-8859-15", "koi8-r", "cp437", "mac-roman",
                 "ascii", "rot13", "no-such"):
    text = f"# coding: {encoding}\nx = '\xe9\xa4'"
    print(encoding)
    if encoding != "utf-8":
        attempt(text.encode("latin-1"))
    attempt(text)
    attempt(text.encode("utf-8"))
attempt(b"\xef\xbb\xbf# coding: latin9\nx = 1")
attempt(b"\xef\xbb\xbf# coding: utf-8\nx = 1")
attempt("\n# coding: latin9\nx = '\xa4'".encode("latin-1"))
attempt("x = 1 +\n# coding: latin9\n".encode("latin-1"))
attempt("# coding: latin9\nx = (\xa4\n".encode("latin-1"))
print(ascii(ast.dump(ast.parse("# coding: latin9\nx = '\xa4'".encode("latin-1")))))
print(ascii(eval("# coding: latin9\n'\xa4'".encode("latin-1"))), ascii(eval("# coding: latin9\n'\xa4'")))
with tempfile.TemporaryDirectory() as folder:
    with open(os.path.join(folder, "euro.py"), "wb") as file:
        file.write("# -*- coding: iso-8859-15 -*-\nx = '\xa4'\nif __name__ == '__main__': print(ascii(x))\n"
                   .encode("latin-1"))
    sys.path.insert(0, folder)
    import euro
    print(ascii(euro.x))
    print(subprocess.run([sys.executable, "euro.py"], cwd=folder, capture_output=True, text=True).stdout)
