# What dies without having been closed or awaited says so, if the filters let it.
import gc
import os
import socket
import subprocess
import sys
import tempfile
import warnings


def show(message):
    text = str(message.message)
    print(message.category.__name__, text.split()[0], text.split()[1].split(".")[0], message.lineno)


async def coroutine():
    pass


def open_files():
    open(path)
    open(path, "rb")
    open(path, "wb")
    open(path, "rb", buffering=0)
    os.scandir(folder)
    socket.socket()
    coroutine()
    with open(path):
        pass
    fd = os.open(path, os.O_RDONLY)
    open(fd, closefd=False)
    os.close(fd)
    cycle = [open(path)]
    cycle.append(cycle)


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "file")
    open(path, "w").close()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        open_files()
        gc.collect()
    for each in seen:
        show(each)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("ignore")
        open_files()
        gc.collect()
    print(len(seen))


def run(program, *options, **environment):
    done = subprocess.run([sys.executable, *options, "-c", program], capture_output=True, text=True,
                          env={**os.environ, **environment})
    print(done.returncode, done.stdout, done.stderr.split("Enable")[0], sep="|")


say = "import sys, warnings; print(sys.warnoptions); warnings.warn('x', DeprecationWarning); warnings.warn('y')"
run(say)
run(say, "-W", "ignore")
run(say, "-Wignore:y", "-W", "error::DeprecationWarning")
run(say, PYTHONWARNINGS="ignore,always:y")
run(say, "-Wdefault", PYTHONWARNINGS="ignore")
run(say, "-E", PYTHONWARNINGS="error")
run("print(1)", "-W", "nonsense")
run("import sys; print('warnings' in sys.modules)", "-W", "ignore")
run("raise SystemExit(int('7'))", "-W", "error")
run("file = open('/dev/null')", "-W", "always")
run("import warnings; del warnings.filters; warnings.warn('x')", "-W", "error")
