"""Hunts one leak of docs/leak-hunting.md with the commands of the page, on every CPython there is.

    run_hunt.py BRILLE SECTION            the test; SECTION is the name of its program
    run_hunt.py BRILLE SECTION --write    puts the real output into the page

How a page is walked stands in tests/tour/run_tour.py. A section begins at a "## " heading and names
its program in docs/leaks/.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "tour"), str(ROOT / "tests" / "e2e")]

import cpythons
import hunt_claims
import run_tour

PAGE = ROOT / "docs" / "leak-hunting.md"
FIRST_SCREEN = 24       # lines
ATTEMPTS = 3            # on a busy machine a program may have done nothing between two dumps


class Skipped(Exception):
    pass


def section_of(text, name):
    """(begin, end) of the section in the page."""
    heads = [found.start() for found in re.finditer(r"^## ", text, re.M)] + [len(text)]
    for begin, end in zip(heads, heads[1:]):
        if f"docs/leaks/{name}.py" in text[begin:end]:
            return begin, end
    raise SystemExit(f"no section of {PAGE} runs docs/leaks/{name}.py")


def check_needs(name, python):
    """Only the section about an extension module needs more than an interpreter."""
    if name not in hunt_claims.NEED_HEADERS:
        return
    folder = subprocess.run([python, "-c", "import sysconfig; print(sysconfig.get_paths()['include'])"],
                            capture_output=True, text=True, check=True).stdout.strip()
    if not os.path.exists(os.path.join(folder, "Python.h")):
        raise Skipped(f"no Python.h in {folder}")


def hunt(brille, name, python):
    """Returns the parts of the section, the steps with what they printed now."""
    check_needs(name, python)
    text = PAGE.read_text()
    begin, end = section_of(text, name)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "docs").symlink_to(ROOT / "docs")
        (folder / "bin").mkdir()
        (folder / "bin" / "brille").symlink_to(brille)
        start = folder / "bin" / "python3"
        start.write_text(f'#!/bin/sh\nexec {python} "$@"\n')
        start.chmod(0o755)
        page = folder / "section.md"
        page.write_text(text[begin:end])
        shell = run_tour.Shell(folder, folder / "bin", "")
        try:
            parts = run_tour.walk(page, shell)
        finally:
            shell.close()
    return parts


def check(name, parts):
    screens = {}
    for step in parts:
        if isinstance(step, run_tour.Step) and step.command.startswith("brille "):
            verb = step.command.split()[1]
            screen = "\n".join(step.output.splitlines()[:FIRST_SCREEN])
            screens[verb] = screens.get(verb, "") + screen
    getattr(hunt_claims, name)(screens)


def attempt(brille, name, python):
    for left in range(ATTEMPTS - 1, -1, -1):
        parts = hunt(brille, name, python)
        try:
            check(name, parts)
            return parts
        except AssertionError:
            if not left:
                for step in parts:
                    if isinstance(step, run_tour.Step):
                        print(f"$ {step.command}\n{step.output}")
                raise


def write(name, parts):
    text = PAGE.read_text()
    begin, end = section_of(text, name)
    with tempfile.TemporaryDirectory() as folder:
        page = pathlib.Path(folder) / "section.md"
        run_tour.write(page, parts)
        PAGE.write_text(text[:begin] + page.read_text().rstrip("\n") + "\n\n" * (end < len(text)) +
                        "\n" * (end == len(text)) + text[end:])


def main(brille, name, mode=None):
    found = cpythons.find()
    if mode == "--write":
        write(name, attempt(brille, name, next(each.path for each in found
                                               if each.path.startswith("/usr/bin/"))))
        return
    ran = 0
    for interpreter in found:
        try:
            attempt(brille, name, interpreter.path)
            print(f"{interpreter}: found")
            ran += 1
        except Skipped as why:
            print(f"{interpreter}: skipped, {why}")
    if not ran:
        print("no CPython could run it")
        raise SystemExit(77)


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]), *sys.argv[2:])
