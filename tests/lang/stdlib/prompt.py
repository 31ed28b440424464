# What a prompt asks on for, line by line: codeop decides, compile() tells it what is incomplete.
import codeop
import contextlib
import code
import io
import subprocess
import sys

TYPED = """x = 1
x + 1
for i in range(2):
    print(i)

print((1,
  2))
s = '''a
b'''
s
try:
    1/0
except ZeroDivisionError:
    print("z")

@staticmethod
def f():
    pass

if x:
    y = 2
else:
    y = 3

y
x = = 3
x = \\
 5
x
class A:
    def f(self): return [
        1]

A().f()
if x:
  # comment
  pass

raise KeyError(x)
""".splitlines()

lines = iter(TYPED)


def raw_input(prompt=""):
    print(prompt, end="")
    try:
        line = next(lines)
    except StopIteration:
        raise EOFError
    print(line)
    return line


errors = io.StringIO()
with contextlib.redirect_stderr(errors):
    code.interact(banner="", readfunc=raw_input, local={}, exitmsg="")
print(errors.getvalue().replace(code.__file__, "code.py"))

for source in ("", "#", "if x:", "if x:\n  y", "if x:\n  y\n", "(", "[1,", "'''", "a \\", "try:\n  x\n",
               "while 1:\n  pass\nelse:", "def f(\n", "x)", "a = 'x\\\n", "@d", "match x:\n case 1:"):
    try:
        made = codeop.compile_command(source)
    except SyntaxError as error:
        print(repr(source), type(error).__name__, error.msg)
    else:
        print(repr(source), made is not None)

# A prompt behind a program, and one alone.
for options in (["-c", "z = 5"], []):
    done = subprocess.run([sys.executable, "-q", "-i", *options], text=True, capture_output=True,
                          input="z = 6\nfor i in 'ab':\n    print(i)\n\nz + 1\n1/0\nraise SystemExit(7)\n")
    print(done.stdout.replace(">>> ", "").replace("... ", "").split(), done.returncode,
          "ZeroDivisionError" in done.stderr)
