"""brille watch sees every change of a count, on every CPython of the machine and on brille-python:
what a program did to an object, and what it says the count is, agree with what was seen.
Arguments: brille, brille-python, versions (default all)."""
import json
import os
import subprocess
import time

import cpythons
from capture_support import Failure, main

REFUSED = ("does not permit", "has no hardware watchpoints", "no hardware watchpoints are free")


class Target:
    def __init__(self, path, options, folder, *arguments):
        program = os.path.join(folder, "cpython_watch_program.py")
        self.process = subprocess.Popen([path, *options, program, *arguments],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        self.address = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate()

    def do(self, what):
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


class Refused(Exception):
    pass


def is_watched(pid):
    """Whether a thread has descriptors of perf for it: the watch has begun."""
    folder = f"/proc/{pid}/fd"
    try:
        return sum(os.readlink(f"{folder}/{fd}") == "anon_inode:[perf_event]"
                   for fd in os.listdir(folder)) >= os.cpu_count()
    except OSError:
        return False


def watch(brille, target, *does, options=("--for", "3s")):
    """The answer, and the count that the program says after each thing that it does meanwhile."""
    process = subprocess.Popen([brille, "watch", str(target.pid), target.address, "--json",
                                *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
    while not is_watched(process.pid) and process.poll() is None:
        time.sleep(0.01)
    time.sleep(0.3)
    counts = [target.do(each) for each in does] if process.poll() is None else []
    out, err = process.communicate()
    if process.returncode == 3 and any(word in err for word in REFUSED):
        raise Refused(err.splitlines()[0])
    if process.returncode:
        raise Failure(f"watch: status {process.returncode}\n{err}")
    return json.loads(out), counts


def check_sums(answer):
    """Nothing is lost, everything is decoded, and the sums lead from one count to the other."""
    for field in ("lost", "rested_ns"):
        if answer[field]:
            raise Failure(f"{field}: {answer[field]}")
    kinds = [change["change"] for change in answer["changes"]]
    if 0 in kinds:
        raise Failure(f"not decoded: {[site for site in answer['sites'] if site['other']]}")
    if [kinds.count(1), kinds.count(-1)] != [answer["increments"], answer["decrements"]]:
        raise Failure(f"{answer['increments']} increments, {answer['decrements']} decrements")
    if answer["count_begin"] + sum(kinds) != answer["count_end"]:
        raise Failure(f"{answer['count_begin']} and {sum(kinds)} more are not {answer['count_end']}")
    of_sites = [sum(site[what] for site in answer["sites"]) for what in ("increments", "decrements")]
    if of_sites != [answer["increments"], answer["decrements"]]:
        raise Failure(f"sites do not add up: {of_sites}")
    count = answer["count_begin"]
    for change in answer["changes"]:
        count += change["change"]
        if count != change["count"]:
            raise Failure(f"after {change} the count is {count}")


def test_one(brille, path, folder, options=("-I",)):
    with Target(path, options, folder) as target:
        at_first = target.do("nothing")
        answer, counts = watch(brille, target, "burst", "keep")
        check_sums(answer)
        if answer["type"] != "Thing" or answer["count_begin"] != at_first:
            raise Failure(f"a {answer['type']} with {answer['count_begin']}, expected {at_first}")
        if answer["count_end"] != counts[-1] or counts[-1] != at_first + 7:
            raise Failure(f"the count is {answer['count_end']}, the program says {counts}")
        if answer["increments"] < 400 or answer["decrements"] < 400:
            raise Failure(f"{answer['increments']} increments, {answer['decrements']} decrements")
        named = sum(bool(site["function"]) for site in answer["sites"])
        begun = time.monotonic()
        limited, _ = watch(brille, target, "burst", "burst", options=("--rate", "100", "--for", "3s"))
        if not limited["rested_ns"]:
            raise Failure(f"the rate was not limited: {limited['increments']}")
        freed, _ = watch(brille, target, "free", options=("--for", "60s"))
        if not freed["freed"] or time.monotonic() - begun > 50 or freed["changes"][-1]["count"]:
            raise Failure(f"it was freed: {freed}")
        wrong = subprocess.run([brille, "watch", str(target.pid), "0x10"], capture_output=True,
                               text=True)
        if wrong.returncode != 2 or "no object" not in wrong.stderr:
            raise Failure(f"no object there: status {wrong.returncode} {wrong.stderr}")
    return (f"{answer['increments']} increments, {answer['decrements']} decrements at "
            f"{len(answer['sites'])} places, {named} of them with a name")


def test_none(brille, interpreter, folder):
    """From 3.12 on None is immortal; before, it is counted as others are."""
    with Target(interpreter.path, ("-I",), folder, "none") as target:
        answer, _ = watch(brille, target, "burst")
        immortal = interpreter.version >= (3, 12)
        if answer["immortal"] != immortal or (answer["increments"] == 0) != immortal:
            raise Failure(f"None: immortal {answer['immortal']}, {answer['increments']} increments")
        if not immortal:
            check_sums(answer)


def test(brille, vm, folder, arguments):
    found = [each for each in cpythons.find() if not arguments or each.name in arguments]
    try:
        for interpreter in found:
            print(f"{interpreter}: {test_one(brille, interpreter.path, folder)}", flush=True)
            test_none(brille, interpreter, folder)
        if vm != "-":
            print(f"brille-python: {test_one(brille, vm, folder, ())}", flush=True)
    except Refused as why:
        print(f"not tested, for it says so in one line: {why}")
        raise SystemExit(77) from None


main(test)
