"""Compiles each source of a file (see compare_errors.py) and prints its error, if any.

Not compared: the text of the line, which CPython has only for files when the compiler finds the
error, and an end in front of the beginning, which stands for "none" in several ways.
"""
import sys

for number, source in enumerate(open(sys.argv[1], encoding="utf-8").read().split("----\n")):
    try:
        compile(source, "f.py", "exec")
        print(number, "no error")
    except SyntaxError as e:
        end = e.end_offset if e.end_offset and e.end_offset > 0 else None
        print(number, type(e).__name__, repr(e.msg), e.lineno, e.offset, e.end_lineno, end)
