"""A process that may not be read: one clear error that says why, and what to do. As root alone.
Arguments: brille, brille-python (not used)."""
import ctypes
import os
import shutil
import struct
import subprocess
import sys
import tempfile

import cpythons
from capture_support import Failure, main

PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 4, 24, 38, 22
CAP_SYS_PTRACE = 19
NOBODY = 65534
LIBC = ctypes.CDLL(None)


def become_nobody():
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def drop_ptrace():
    LIBC.prctl(PR_CAPBSET_DROP, CAP_SYS_PTRACE, 0, 0, 0)


def filter_ptrace():
    """A seccomp filter that answers ptrace with EPERM."""
    def step(code, jump_true, jump_false, value):
        return struct.pack("HBBI", code, jump_true, jump_false, value)
    code = (step(0x20, 0, 0, 0) + step(0x15, 0, 1, 101) + step(0x06, 0, 0, 0x00050001) +
            step(0x06, 0, 0, 0x7fff0000))
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxQ", 4, ctypes.addressof(buffer))
    LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if LIBC.prctl(PR_SET_SECCOMP, 2, ctypes.c_char_p(program)):
        raise OSError("no seccomp")


class Target:
    def __init__(self, python, body="", command=(), **options):
        self.process = subprocess.Popen(
            [*command, python, "-I", "-S", "-c", f"{body}\nprint('READY', flush=True)\ninput()"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)
        if self.process.stdout.readline().strip() != "READY":
            raise Failure("the program did not start")
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate("\n")


def without_leak_check():
    """The leak checker of a sanitized brille needs ptrace itself."""
    return {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}


def expect_refusal(brille, target, words, **options):
    for verb in (("summary", str(target.pid)), ("stack", str(target.pid))):
        done = subprocess.run([brille, *verb], capture_output=True, text=True, **options)
        lines = done.stderr.splitlines()
        if (done.returncode != 3 or done.stdout or not 2 <= len(lines) <= 3 or
                "operation not permitted" not in lines[0] or not lines[1].startswith("  why: ") or
                not all(word in done.stderr for word in words)):
            raise Failure(f"{verb}, expected {words}: status {done.returncode}\n{done.stderr}")
    return lines[1].strip()


def test(brille, *_):
    python = next((each.path for each in cpythons.find() if each.path.startswith("/usr")), None)
    with tempfile.TemporaryDirectory() as scratch:  # where others can run it too
        os.chmod(scratch, 0o755)
        test_all(shutil.copy(brille, scratch), python)


def test_all(brille, python):
    reachable = python and subprocess.run([brille, "--help"], preexec_fn=become_nobody,
                                          capture_output=True).returncode == 0
    if os.geteuid() != 0 or not reachable:
        print("not root, or another user cannot run brille here")
        sys.exit(77)
    with Target(python) as target:
        print(expect_refusal(brille, target, ("runs as user 'root'", "you are uid 65534", "sudo brille"),
                             preexec_fn=become_nobody))
        print(expect_refusal(brille, target, ("seccomp filter", "seccomp=unconfined"),
                             preexec_fn=filter_ptrace, env=without_leak_check()))
    with Target(python, preexec_fn=become_nobody) as target:
        print(expect_refusal(brille, target, ("you are root", "CAP_SYS_PTRACE", "--cap-add=SYS_PTRACE"),
                             preexec_fn=drop_ptrace))
    hidden = "import ctypes; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)"
    with Target(python, hidden, preexec_fn=become_nobody) as target:
        print(expect_refusal(brille, target, ("does not let itself be read", "PR_SET_DUMPABLE"),
                             preexec_fn=become_nobody))
    command = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
               "--inh-caps=+net_raw", "--ambient-caps=+net_raw")
    with Target(python, command=command) as target:
        print(expect_refusal(brille, target, ("capabilities that you have not", "cap_net_raw"),
                             preexec_fn=become_nobody))


main(test)
