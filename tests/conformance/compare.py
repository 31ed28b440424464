#!/usr/bin/env python3
"""Runs CPython's test files under brille-python and under the oracle, and compares test by test.

Usage: compare.py --brille BRILLE_PYTHON --suite FOLDER [--tier A]... [--floors] [FILE...]

A whole run (no tier, no file named: tiers A and B) writes docs/conformance.md. --floors runs the files that
floors.txt names and fails when one of them passes fewer tests than it says there.

One process a file. When it dies or hangs, the test that was running failed, and a new process
goes on with the next. The oracle's results are kept beside the suite, since they do not change.
"""
import argparse
import collections
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ORACLE = "/usr/bin/python3.11"
PATIENCE = int(os.environ.get("BRILLE_TEST_PATIENCE", "1"))
TEST_SECONDS = 60 * PATIENCE
MEMORY_BYTES = 12 << 30  # of address space: brille-python reserves some for its heap and each thread
SANITIZED = "ASAN_OPTIONS" in os.environ


def read_tiers():
    tiers = {}
    with open(os.path.join(HERE, "tiers.txt")) as f:
        for line in f:
            words = line.split()
            if words and words[0] != "#":
                tiers.setdefault(words[0], []).extend("test_" + word for word in words[1:])
    return tiers


def read_table(name):
    """Lines `KEY TEXT`, as a dict."""
    table = {}
    with open(os.path.join(HERE, name)) as f:
        for line in f:
            key, _, text = line.strip().partition(" ")
            if key and key != "#":
                table[key] = text.strip()
    return table


def limit_resources():
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)


def run_once(interpreter, suite, file, folder, skipped):
    """One process; returns what it said and how it ended."""
    results = os.path.join(folder, "results")
    skip = os.path.join(folder, "skip")
    with open(results, "w"):
        pass
    with open(skip, "w") as f:
        f.write("\n".join(skipped))
    env = dict(os.environ, PYTHONPATH=suite, PYTHONDONTWRITEBYTECODE="1", PYTHONHASHSEED="0")
    env.pop("PYTHONUTF8", None)
    work = os.path.join(folder, "work")
    os.makedirs(work, exist_ok=True)
    with open(os.path.join(folder, "stderr"), "w") as err:
        process = subprocess.Popen(
            [interpreter, os.path.join(HERE, "one_file.py"), "test." + file, results, skip,
             str(TEST_SECONDS)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err, cwd=work, env=env,
            preexec_fn=limit_resources)
        size, changed = 0, time.monotonic()
        while process.poll() is None:
            time.sleep(0.02)
            if os.path.getsize(results) != size:
                size, changed = os.path.getsize(results), time.monotonic()
            elif time.monotonic() - changed > TEST_SECONDS + 20:
                process.kill()
                process.wait()
    shutil.rmtree(work, ignore_errors=True)
    with open(results) as f:
        lines = [json.loads(line) for line in f]
    with open(os.path.join(folder, "stderr"), errors="replace") as f:
        last = (f.read().strip().splitlines() or [""])[-1]
    return lines, process.returncode, last


def run_file(interpreter, suite, file):
    """{test id: [verdict, reason]}, over as many processes as it takes."""
    verdicts = {}
    folder = tempfile.mkdtemp(prefix="conformance-")
    try:
        while True:
            lines, status, last = run_once(interpreter, suite, file, folder, list(verdicts))
            running = None
            progress = False
            for words in lines:
                if words[0] == "end":
                    return verdicts
                if words[0] == "load":
                    verdicts[file] = ["fail", "cannot be loaded: " + words[2]]
                    return verdicts
                if words[0] == "start":
                    running = words[1]
                    continue
                verdicts[words[1]] = words[0], words[2]
                progress = True
                running = None
            how = "hangs" if status == -9 else f"ends the process ({status}): {last}"
            if running is None:
                if not progress:
                    verdicts[file] = ["fail", "outside a test " + how]
                    return verdicts
            else:
                verdicts[running] = ["fail", how]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def oracle_of(suite, file):
    folder = os.path.join(suite, "oracle")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, file + ".json")
    if not os.path.exists(path):
        verdicts = run_file(ORACLE, suite, file)
        with open(path + ".new", "w") as f:
            json.dump(verdicts, f)
        os.rename(path + ".new", path)
    with open(path) as f:
        return json.load(f)


class Outcome:
    """One file: of the tests that the oracle passes, which pass, fail, and are skipped."""

    def __init__(self, file, brille, oracle):
        self.file = file
        wanted = [name for name in oracle if oracle[name][0] == "ok"]
        self.oracle = len(wanted)
        self.failed = {}
        self.skipped = {}
        self.passed = 0
        absent = brille.get(file, ["fail", "not run"])
        for name in wanted:
            verdict, reason = brille.get(name) or self.of_fixture(brille, name) or absent
            if verdict == "ok":
                self.passed += 1
            elif verdict == "skip":
                self.skipped[name] = reason
            else:
                self.failed[name] = reason

    @staticmethod
    def of_fixture(brille, name):
        """What setUpClass or a decorator of the class said for all of its tests."""
        for fixture in (f"setUpClass ({name.rpartition('.')[0]})",
                        f"setUpModule ({name.rpartition('.')[0].rpartition('.')[0]})"):
            if fixture in brille:
                return brille[fixture]
        return None


def percent(part, whole):
    return f"{100 * part / whole:.1f} %" if whole else "-"


def word_of(name, reason, reasons):
    for key, text in reasons.items():
        if name == key or name.startswith(key + ".") or (key.endswith("*") and
                                                         name.startswith(key[:-1])):
            return text
    return None


def write_page(path, tiers, outcomes, reasons, version):
    lines = [
        "# CPython's own tests under brille-python",
        "",
        "Written by `sh tests/conformance.sh`, which runs test files of the package",
        "libpython3.11-testsuite under `brille-python` with unittest, one process a file. The oracle is",
        f"`/usr/bin/python3.11` ({version}): only tests that it passes count. *Passed* is of those;",
        "*skipped* are tests that the oracle runs and `brille-python` declines, and they count as not",
        "passed. Which file belongs to which tier, and which are left out, is in",
        "`tests/conformance/tiers.txt`.",
        "",
        "| tier | oracle passes | passed | failed | skipped | passed of the oracle's |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for tier, files in tiers.items():
        rows = [outcomes[file] for file in files if file in outcomes]
        oracle, passed = sum(o.oracle for o in rows), sum(o.passed for o in rows)
        failed, skipped = sum(len(o.failed) for o in rows), sum(len(o.skipped) for o in rows)
        lines.append(f"| {tier} | {oracle} | {passed} | {failed} | {skipped} | "
                     f"**{percent(passed, oracle)}** |")
    for tier, files in tiers.items():
        rows = [outcomes[file] for file in files if file in outcomes]
        lines += ["", f"## Tier {tier}", "", "| file | oracle passes | passed | failed | skipped |",
                  "|---|---:|---:|---:|---:|"]
        lines += [f"| {o.file} | {o.oracle} | {o.passed} | {len(o.failed)} | {len(o.skipped)} |"
                  for o in rows]
        causes = collections.defaultdict(list)
        for o in rows:
            for verdicts, kind in ((o.failed, ""), (o.skipped, "skipped: ")):
                for name, reason in verdicts.items():
                    word = word_of(name.removeprefix("test."), reason, reasons) or (kind + reason)
                    causes[word.replace("|", "¦").replace("\n", " ")[:110].rstrip()].append(
                        name.removeprefix("test."))
        if causes:
            lines += ["", "Not passed, by reason:", ""]
        for cause, names in sorted(causes.items(), key=lambda item: (-len(item[1]), item[0])):
            lines.append(f"- {plain(cause)}")
            lines += [f"  - `{name}`" for name in names]
    with open(path, "w") as f:
        f.write("\n".join(lines) + "\n")


def plain(text):
    """Text of a message, so that Markdown shows it as it is."""
    for character in "\\`*_<>[]":
        text = text.replace(character, "\\" + character)
    return text


def run_floors(args):
    status = 0
    for file, floor in read_table("floors.txt").items():
        outcome = Outcome(file, run_file(args.brille, args.suite, file),
                          oracle_of(args.suite, file))
        print(f"{file}: {outcome.passed} of {outcome.oracle} pass, the floor is {floor}")
        if outcome.passed < int(floor):
            status = 1
            for name, reason in {**outcome.failed, **outcome.skipped}.items():
                print(f"  {name}: {reason}")
    return status


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--brille", required=True)
    parser.add_argument("--suite", required=True)
    parser.add_argument("--tier", action="append")
    parser.add_argument("--floors", action="store_true")
    parser.add_argument("files", nargs="*")
    args = parser.parse_args()
    args.brille, args.suite = os.path.abspath(args.brille), os.path.abspath(args.suite)
    if not os.path.exists(os.path.join(args.suite, "test", "test_grammar.py")):
        print(f"no test suite at {args.suite}: `sh tests/conformance.sh` fetches it")
        return 77
    if args.floors:
        return run_floors(args)
    tiers = read_tiers()
    wanted = list(args.files) or [file for tier in args.tier or "AB" for file in tiers[tier]]
    outcomes = {}
    for file in wanted:
        started = time.monotonic()
        oracle = oracle_of(args.suite, file)
        o = outcomes[file] = Outcome(file, run_file(args.brille, args.suite, file), oracle)
        print(f"{file}: {o.passed} of {o.oracle} pass, {len(o.failed)} fail, "
              f"{len(o.skipped)} skipped ({time.monotonic() - started:.1f} s)", flush=True)
        for verdicts, kind in ((o.failed, "FAIL"), (o.skipped, "SKIP")):
            causes = collections.defaultdict(list)
            for name, reason in verdicts.items():
                causes[reason].append(name.removeprefix("test." + file + "."))
            for reason, names in causes.items():
                print(f"  {kind} {', '.join(names)}: {reason}")
    for tier, files in tiers.items():
        rows = [outcomes[file] for file in files if file in outcomes]
        if rows:
            print(f"tier {tier}: {sum(o.passed for o in rows)} of {sum(o.oracle for o in rows)}: "
                  f"{percent(sum(o.passed for o in rows), sum(o.oracle for o in rows))}")
    if not args.files and not args.tier:
        version = subprocess.run([ORACLE, "--version"], capture_output=True, text=True).stdout
        write_page(os.path.join(HERE, "../../docs/conformance.md"),
                   {tier: tiers[tier] for tier in "AB"}, outcomes,
                   read_table("reasons.txt"), version.strip())
    return 0


if __name__ == "__main__":
    sys.exit(main())
