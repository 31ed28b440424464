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


# By line: what it does to the count there and nowhere else.
LINES = {"APPEND": ("increments", 200), "ASSIGN": ("increments", 100), "DELETE": ("decrements", 100),
         "FROMKEYS": ("increments", 50), "FORGET": ("decrements", 50), "CLEAR": ("decrements", 200)}
LEAST_KNOWN = 0.6


def test_lines(brille, interpreter, folder):
    """A line is right or not known."""
    program = os.path.join(folder, "cpython_watch_program.py")
    with open(program, encoding="utf-8") as source:
        marks = {number: line.split("# ")[1].strip() for number, line in enumerate(source, 1)
                 if "  # " in line}
    with Target(interpreter.path, ("-I",), folder) as target:
        answer, _ = watch(brille, target, "lines", options=("--lines", "--for", "3s"))
    check_sums(answer)
    known, seen = 0, set()
    for place in answer["places"]:
        known += place["increments"] + place["decrements"] + place["other"]
        if place["file"] != program:
            raise Failure(f"in {place}")
        mark = marks.get(place["line"])
        if not mark:
            if place["increments"] + place["decrements"] > 20:
                raise Failure(f"line {place['line']} does not do that: {place}")
            continue
        seen.add(mark)
        what, least = LINES[mark]
        # Calls may hold the object for their own time, once more each way. Of the first few rounds,
        # in which the interpreter still learns what to do, the line may be unknown.
        extra = min(place["increments"], place["decrements"])
        if place["function"] != "lines" or not least - 12 <= place[what] <= 2 * least + 10 or (
                extra > 10 and mark != "APPEND"):
            raise Failure(f"{mark}: {place}")
    share = known / (answer["increments"] + answer["decrements"] + answer["other"])
    if share < LEAST_KNOWN or not {"APPEND", "FROMKEYS", "FORGET", "CLEAR"} <= seen:
        raise Failure(f"of {share:.0%} the line is known, {sorted(seen)}")
    return f"of {share:.0%} the line is known and right"


def test_killed(brille, interpreter, folder):
    """Nothing of a watch outlives it."""
    with Target(interpreter.path, ("-I",), folder) as target:
        process = subprocess.Popen([brille, "watch", str(target.pid), target.address, "--for", "60s"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not is_watched(process.pid) and process.poll() is None:
            time.sleep(0.01)
        before = target.do("burst")
        process.kill()
        process.wait()
        if target.do("burst") != before:
            raise Failure("the program does not go on as before")
        begun = time.monotonic()
        for _ in range(50):
            target.do("burst")
        if time.monotonic() - begun > 50 * 0.5:
            raise Failure("the program is slow afterwards")
        check_sums(watch(brille, target, "burst")[0])


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
            print(f"{interpreter}: {test_lines(brille, interpreter, folder)}", flush=True)
        if found:
            test_killed(brille, found[0], folder)
        if vm != "-":
            print(f"brille-python: {test_one(brille, vm, folder, ())}", flush=True)
            with Target(vm, (), folder) as target:
                done = subprocess.run([brille, "watch", str(target.pid), target.address, "--lines"],
                                      capture_output=True, text=True)
                if done.returncode != 3 or "brille history" not in done.stderr:
                    raise Failure(f"lines of brille-python: {done.stderr}")
    except Refused as why:
        print(f"not tested, for it says so in one line: {why}")
        raise SystemExit(77) from None


main(test)
