"""Walks a page of docs/tour: runs its commands as written and checks what the page claims.

    run_tour.py BRILLE BRILLE_PYTHON PAGE.md            the test
    run_tour.py BRILLE BRILLE_PYTHON PAGE.md --write    puts the real output into the page

A ```console block of a page is a shell session: lines that begin with "$ " are commands, the lines
below each are its output. All commands of a page run in one shell, in a folder of their own that
has docs/ in it, and on its PATH the two binaries and a stock CPython, python3. A command that ends in
& has to print "ready".

Addresses differ from run to run. An address in a command must stand in some output above it; what
stands in that place in the output of this run is used instead.

What a page claims is checked by the function of its name in claims.py, in the output and in the
recorded traces. Output is never compared word for word.
"""
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

import claims

ROOT = pathlib.Path(__file__).resolve().parents[2]
STEP_SECONDS = 50
ADDRESS = re.compile(r"0x[0-9a-f]{6,}")


class Step:
    """One command, what the page shows below it, and what it printed now."""

    def __init__(self, command):
        self.command = command
        self.recorded = []
        self.output = ""


def read_steps(page):
    """The page as a list of text lines and Steps, in order."""
    parts, step, inside = [], None, False
    for line in page.read_text().splitlines():
        if line.startswith("```"):
            inside, step = line == "```console", None
            parts.append(line)
        elif inside and line.startswith("$ "):
            step = Step(line[2:])
            parts.append(step)
        elif inside and step:
            step.recorded.append(line)
        else:
            parts.append(line)
    return parts


class Shell:
    """A shell that runs one command after the other, so that $! and variables last."""

    def __init__(self, folder, path, vm):
        environment = dict(os.environ, PATH=f"{path}:{os.environ['PATH']}", BRILLE_VM=vm)
        environment.pop("PYTHONPATH", None)
        self.process = subprocess.Popen(["sh"], cwd=folder, env=environment, text=False,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, start_new_session=True)
        self.pending = b""

    def read_line(self, deadline):
        while b"\n" not in self.pending:
            ready, _, _ = select.select([self.process.stdout], [], [],
                                        max(0, deadline - time.monotonic()))
            chunk = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not chunk:
                raise SystemExit(f"nothing more came; so far: {self.pending!r}")
            self.pending += chunk
        line, self.pending = self.pending.split(b"\n", 1)
        return line.decode(errors="replace")

    def run(self, command):
        """Returns (output, exit status); of a background command: all up to "ready"."""
        self.process.stdin.write(f"{command}\necho =status= $?\n".encode())
        self.process.stdin.flush()
        deadline = time.monotonic() + STEP_SECONDS
        lines, status, ready = [], None, not command.endswith("&")
        while status is None or not ready:
            line = self.read_line(deadline)
            if line.startswith("=status= "):
                status = int(line.split()[1])
            else:
                lines.append(line)
                ready = ready or line == "ready"
        return "\n".join(lines), status

    def close(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


def shape(line):
    return re.sub(r"\d+", "#", ADDRESS.sub("@", line))


def todays_address(address, steps):
    """What stands today where the page has this address."""
    for step in steps:
        for line in step.recorded:
            if address not in line:
                continue
            place = ADDRESS.findall(line).index(address)
            for now in step.output.splitlines():
                if shape(now) == shape(line):
                    return ADDRESS.findall(now)[place]
    if not any(step.recorded for step in steps):
        return latest_address(steps)
    raise SystemExit(f"{address} is in a command, but in no output above it")


def latest_address(steps):
    """For a page that is being written: no output is recorded yet."""
    return ADDRESS.findall("\n".join(step.output for step in steps))[-1]


def walk(page, shell):
    """Runs all commands of the page. Returns its parts, the Steps with output."""
    parts = read_steps(page)
    steps = []
    for step in (part for part in parts if isinstance(part, Step)):
        command = ADDRESS.sub(lambda found: todays_address(found[0], steps), step.command)
        step.output, status = shell.run(command)
        steps.append(step)
        if status != 0:
            raise SystemExit(f"$ {command}\n{step.output}\nexit status {status}")
    return parts


def write(page, parts):
    """Puts today's output, and today's addresses, in the place of what the page has."""
    steps = [part for part in parts if isinstance(part, Step)]
    lines = []
    for part in parts:
        if isinstance(part, Step):
            at = steps.index(part)
            command = ADDRESS.sub(lambda found: todays_address(found[0], steps[:at]), part.command)
            lines += ["$ " + command] + [l.rstrip() for l in part.output.splitlines()]
        else:
            lines.append(part)
    page.write_text("\n".join(lines) + "\n")


def main(brille, vm, name, mode=None):
    page = ROOT / "docs" / "tour" / name
    check = getattr(claims, page.stem)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "docs").symlink_to(ROOT / "docs")
        (folder / "bin").mkdir()
        (folder / "bin" / "brille").symlink_to(brille)
        (folder / "bin" / "brille-python").symlink_to(vm)
        stock = folder / "bin" / "python3"     # a stock CPython, under its own name in brille ps
        stock.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        stock.chmod(0o755)
        shell = Shell(folder, folder / "bin", vm)
        try:
            parts = walk(page, shell)
        finally:
            shell.close()
        steps = [part for part in parts if isinstance(part, Step)]
        try:
            check(claims.Evidence(folder, brille, [step.output for step in steps]))
        except Exception:
            for step in steps:
                print(f"$ {step.command}\n{step.output}")
            raise
    if mode == "--write":
        write(page, parts)


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), *sys.argv[3:])
