"""What the benchmarks of captures share: the program that is captured, with its heartbeat, and one
dump, timed from outside."""
import ctypes
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).parent
MS = 1e6
PR_SET_THP_DISABLE = 41
LIBC = ctypes.CDLL(None)


def small_pages():
    """For this process and those that it becomes: no huge pages."""
    LIBC.prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)


class Target:
    """capture_target.py under some Python, and the gaps that it tells of."""

    def __init__(self, python, *arguments, options=(), pages=None):
        self.gaps = []
        self.lines = []
        self.process = subprocess.Popen(
            [python, *options, HERE / "capture_target.py", *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=pages)
        self.pid = self.process.pid
        if self.process.stdout.readline().strip() != "READY":
            sys.exit("capture_target.py did not get ready")
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            word, *numbers = line.split()
            if word == "gap":
                self.gaps.append((int(numbers[0]), int(numbers[1])))
            else:
                self.lines.append(line.split())

    def longest(self, begin, end):
        return max((length for at, length in self.gaps if at < end and at + length > begin),
                   default=0)

    def smaps(self, name):
        return smaps_mib(self.pid, name)

    def answer(self, word):
        """Of a program that is to say something and end."""
        self.reader.join()
        return next(list(map(float, line[1:])) for line in self.lines if line[0] == word)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()


def smaps_mib(pid, name):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as smaps:
        return int(re.search(rf"^{name}: +(\d+) kB", smaps.read(), re.M)[1]) / 1024


def stolen_ms():
    with open("/proc/stat", encoding="ascii") as stat:
        return int(stat.readline().split()[8]) * 1000 / os.sysconf("SC_CLK_TCK")


class Dump:
    """One `brille dump --json`, timed from outside, with what it used."""

    def __init__(self, brille, pid, path, *options, watch=None):
        stolen = stolen_ms()
        self.begin = time.time_ns()
        process = subprocess.Popen([brille, "dump", str(pid), "-o", path, "--json", *options],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while watch and watch(process):
            time.sleep(0.001)
        out, self.notes = process.stdout.read(), process.stderr.read().strip()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = status
        process.stdout.close()
        process.stderr.close()
        self.end = time.time_ns()
        self.stolen_ms = stolen_ms() - stolen
        self.seconds = (self.end - self.begin) / 1e9
        self.cpu_seconds = used.ru_utime + used.ru_stime
        self.peak_mib = used.ru_maxrss / 1024
        if status:
            sys.exit(f"brille dump failed: {self.notes}")
        self.answer = json.loads(out)

    def __getitem__(self, name):
        return self.answer[name]


def spread(values):
    return f"{statistics.median(values):8.2f} {max(values):8.2f}"
