# The filename of an OSError is the text of a path, whatever stood for it.
import os
import pathlib
import socket
import tempfile


class Like:
    def __init__(self, text):
        self.text = text

    def __fspath__(self):
        return self.text


def fails(what, *arguments, **named):
    try:
        what(*arguments, **named)
        print("no error")
    except OSError as error:
        names = [name and os.fspath(name).replace(folder, "F") if isinstance(name, str) else name
                 for name in (error.filename, error.filename2)]
        print(type(error).__name__, error.errno, *names, str(error).replace(folder, "F"))


with tempfile.TemporaryDirectory() as folder:
    absent = os.path.join(folder, "absent")
    fails(pathlib.Path(folder).mkdir)
    fails(pathlib.Path(absent).stat)
    fails(pathlib.Path(absent).rename, os.path.join(folder, "other"))
    fails(os.listdir, Like(absent))
    fails(os.link, Like(absent), Like(absent + "2"))
    fails(os.rename, absent, Like(absent + "3"))
    fails(os.stat, os.fsencode("/absent-for-sure"))
    fails(os.fstat, 9999)
    fails(os.rmdir, Like(absent))
    fails(os.open, Like(absent), os.O_RDONLY)
    fails(open, Like(absent))

# A closed socket has no time to wait.
folder = "F"
for timeout in (None, 0.0, 0.05):
    left, right = socket.socketpair()
    left.settimeout(timeout)
    left.close()
    for what in (lambda: left.recv(1), lambda: left.sendall(b"x"), left.accept, lambda: left.send(b"x")):
        fails(what)
    right.close()
