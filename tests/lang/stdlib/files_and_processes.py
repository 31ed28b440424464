"""os, io, tempfile, shutil, pathlib, logging, argparse, traceback, inspect, glob."""
import argparse
import glob
import inspect
import io
import logging
import os
import pathlib
import shutil
import sys
import tempfile
import traceback

with tempfile.TemporaryDirectory() as d:
    path = os.path.join(d, "a.txt")
    with open(path, "w") as f:
        f.write("line one\nline two\n")
        print(isinstance(f, io.TextIOBase), isinstance(f, io.IOBase), isinstance(f, io.TextIOWrapper), isinstance(f, io.RawIOBase))
    print(os.stat(path).st_size, os.path.getsize(path), os.path.exists(path), os.path.isdir(d), os.listdir(d))
    os.mkdir(os.path.join(d, "sub"))
    pathlib.Path(d, "sub", "b.txt").write_text("é", encoding="utf-8")
    for root, dirs, files in os.walk(d):
        print(os.path.relpath(root, d), sorted(dirs), sorted(files))
    print(sorted(e.name for e in os.scandir(d) if e.is_dir()), sorted(os.path.basename(p) for p in glob.glob(d + "/*")))
    shutil.copy(path, os.path.join(d, "c.txt"))
    os.rename(os.path.join(d, "c.txt"), os.path.join(d, "d.txt"))
    print(pathlib.Path(d, "d.txt").read_text().splitlines(), sorted(p.name for p in pathlib.Path(d).rglob("*.txt")))
    os.unlink(path)
    try:
        open(path)
    except FileNotFoundError as e:
        print(e.errno, e.strerror, os.path.basename(e.filename))
    try:
        os.rmdir(os.path.join(d, "sub"))
    except OSError as e:
        print(type(e).__name__, e.strerror)
    fd = os.open(os.path.join(d, "raw"), os.O_CREAT | os.O_RDWR)
    print(os.write(fd, b"hello"), os.lseek(fd, 1, 0), os.read(fd, 3))
    os.close(fd)
    with io.FileIO(os.path.join(d, "raw")) as raw, io.BufferedReader(raw) as buffered:
        print(buffered.peek(1)[:2], buffered.read(2), buffered.tell(), buffered.read())
    with io.TextIOWrapper(io.BytesIO("a\r\nb\né".encode()), encoding="utf-8") as wrapped:
        print(wrapped.readline(), list(wrapped))
print(os.path.exists(d), os.path.join("a", "b", "/c"), os.path.splitext("x.tar.gz"), os.path.normpath("a//b/../c/."), os.path.commonpath(["/a/b", "/a/c"]))
print(os.fspath(pathlib.PurePosixPath("a") / "b"), os.environ.get("NO_SUCH_VARIABLE", "default"), os.sep, os.getpid() > 0)
r, w = os.pipe()
pid = os.fork()
if pid == 0:
    os.write(w, b"from the child")
    os._exit(3)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), os.read(r, 100))

s = io.StringIO()
s.write("abc\ndef\n")
s.seek(0)
print(s.readline(), s.read(), s.getvalue(), s.tell())
b = io.BytesIO(b"xyz")
b.seek(0, 2)
print(b.write(b"123"), b.getvalue(), b.seek(1), b.read(2), b.getbuffer()[0])

stream = io.StringIO()
logging.basicConfig(stream=stream, level=logging.INFO, format="%(levelname)s:%(name)s:%(message)s")
log = logging.getLogger("test.sub")
log.debug("not shown")
log.warning("shown %d", 5)
try:
    1 / 0
except ZeroDivisionError:
    log.exception("failed")
print(stream.getvalue().replace(__file__, "FILE"))

parser = argparse.ArgumentParser(prog="prog", description="Does things.")
parser.add_argument("files", nargs="+", help="what to read")
parser.add_argument("-n", "--number", type=int, default=3, help="how many (default: %(default)s)")
parser.add_argument("-v", action="count", default=0)
group = parser.add_mutually_exclusive_group()
group.add_argument("--yes", action="store_true")
group.add_argument("--no", action="store_false")
print(parser.parse_args(["a", "b", "-n", "5", "-vv", "--yes"]))
print(parser.format_help())
stderr, sys.stderr = sys.stderr, io.StringIO()
try:
    parser.parse_args(["-n", "x"])
except SystemExit as e:
    print(e.code, sys.stderr.getvalue())
sys.stderr = stderr


def outer():
    try:
        {}["k"]
    except KeyError as e:
        raise ValueError("v") from e


try:
    outer()
except ValueError:
    print(traceback.format_exc().replace(__file__, "FILE"))
    print(traceback.extract_tb(sys.exc_info()[2])[-1].name, traceback.format_exception_only(ValueError("x")))


def sample(a, /, b: int, *args, c=5, **kw) -> str:
    """Doc."""


class K:
    def method(self):
        pass


print(inspect.signature(sample), inspect.getdoc(sample), inspect.isfunction(sample), inspect.getfullargspec(sample))
print([n for n, _ in inspect.getmembers(K, inspect.isfunction)], inspect.getsource(K).splitlines()[0], inspect.isclass(K))
print(inspect.signature(sample).bind(1, 2, 3, x=4).arguments, inspect.currentframe().f_code.co_name)
