# A backslash that escapes nothing is kept, and warned of.
import ast
import warnings

SOURCES = [r"'\d'", r"b'\d'", r"'\777'", r"b'\400'", r"'\377'", "'''a\n\\z'''", r"f'\{6}'", r"f'\d{1}\w{2:\x20>\q}'",
           r"'\d' '\w'", r"'\d\w'", r"r'\d'", r"rb'\d'", r"'\\d'", "'\\\n'", r"u'\ '", "'\\\xe9'",
           "(\n'a',\n'\\p',\n'\\p')", r"'\N{BULLET}\N'", r"x[lambda: '\d']", "f'{1:\\}}'", "f'{\"\\d\"}'"]

for source in SOURCES:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            code = compile(source, "f", "eval")
        except SyntaxError as error:
            print(source, type(error).__name__, error)
            continue
    print(source, [(w.category.__name__, str(w.message), w.filename, w.lineno) for w in seen])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            compile(source, "f", "eval")
        except SyntaxError as error:
            if "\n" in source:
                continue
            print(error.msg, error.lineno, error.offset, error.end_lineno, error.end_offset, repr(error.text))
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        ast.parse(source)
    print(len(seen))
# What the parser tries in two ways is warned of once.
for source in ("with ('\\d'): pass", "('\\d').x = 1", "(a, '\\d'[0]) = 1, 2", "print('\\d') if '\\d' else 0",
               "lambda x='\\d': x", "match '\\d':\n case '\\w': pass", "x: '\\d' = '\\w'", "for a['\\d'] in b: pass"):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        compile(source, "f", "exec")
    print(source, [str(w.message) for w in seen])
