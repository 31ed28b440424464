# Runs a program and stands still at its end, after every atexit function of its own, until the
# checker has looked: it writes a byte to descriptor 3 and waits for a line on standard input.
#
#     at_exit.py THREADS PROGRAM
#
# With more than one thread the program runs in each of them at once, in a namespace of its own.
import atexit
import sys
import threading

MARK = open("/dev/fd/3", "w")
STDIN = sys.stdin


def stand_still():
    MARK.write("x")
    MARK.flush()
    STDIN.readline()


atexit.register(stand_still)  # the first one registered is the last one called


def run(code):
    space = {"__name__": "__main__", "__file__": code.co_filename, "__builtins__": __builtins__}
    exec(code, space)
    return space


def run_in_thread(code, kept):
    try:
        kept.append(run(code))
    except BaseException:  # a program that was not made for company may fail; its events count
        pass


threads = int(sys.argv[1])
sys.argv = sys.argv[2:]
with open(sys.argv[0], encoding="utf-8", errors="surrogateescape") as file:
    code = compile(file.read(), sys.argv[0], "exec")
kept = []
if threads > 1:
    started = [threading.Thread(target=run_in_thread, args=(code, kept)) for _ in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
else:
    kept.append(run(code))
