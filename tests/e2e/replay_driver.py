# Runs a program twice, in two namespaces that stay alive, and stops after each: the test dumps it
# then, or attaches a recorder. Argument: the program.
import sys

with open(sys.argv[1]) as file:
    source = file.read()
spaces = []
for turn in (1, 2):
    space = {"__name__": "__main__"}
    spaces.append(space)
    exec(compile(source, sys.argv[1], "exec"), space)
    print("TURN", flush=True)
    sys.stdin.readline()
