"""brille allocs: against what a program says of itself, against a sum over all events, against the
heap that the same trace gives back."""
import ast
import subprocess
import sys
import time

from events_support import LIMIT_S, EventTest, Running, brille, main, program

ALL = ("-n", 1000000)
SUMS = ("allocs", "allocated_bytes", "frees", "freed_bytes", "live", "live_bytes", "peak_bytes",
        "leaked", "leaked_bytes")


def line_of(marker):
    with open(program("allocating"), encoding="utf-8") as lines:
        return next(n for n, line in enumerate(lines, 1) if line.rstrip().endswith(f"# {marker}"))


class Group(dict):
    def __init__(self):
        super().__init__((key, 0) for key in SUMS)

    def change(self, count, size, made):
        self["live"] += count
        self["live_bytes"] += size
        self["leaked"] += count if made else 0
        self["leaked_bytes"] += size if made else 0
        self["peak_bytes"] = max(self["peak_bytes"], self["live_bytes"])


def add_up(events):
    """What the verb should say by line and in total, from every event one after the other."""
    groups, objects, total = {}, {}, Group()
    for event in events:
        kind, address = event["event"], event.get("address")
        if kind in ("alloc", "snapshot"):
            made = kind == "alloc"
            key = (event["file"], event["line"], event["function"]) if made else "before"
            objects[address] = (key, event["size"], made)
            for group in (groups.setdefault(key, Group()), total):
                group["allocs"] += made
                group["allocated_bytes"] += event["size"] if made else 0
                group.change(1, event["size"], made)
        elif kind == "free" and address in objects:
            key, size, made = objects.pop(address)
            for group in (groups[key], total):
                group["frees"] += 1
                group["freed_bytes"] += size
                group.change(-1, -size, made)
        elif kind == "resize" and address in objects:
            key, old, made = objects[address]
            by = event["size"] - old
            objects[address] = (key, event["size"], made)
            for group in (groups[key], total):
                group["allocated_bytes" if by > 0 else "freed_bytes"] += abs(by)
                group.change(0, by, made)
    return groups, total


class Allocations(EventTest):
    def record(self, name, *arguments, classes="alloc"):
        path = self.path("t.trace")
        out = self.good(brille("run", "-e", classes, "-o", path, program(name), *arguments))
        return path, out

    def end(self, path):
        """The moment before the program begins to tidy up."""
        end = next(event["seq"] for event in self.events(path)
                   if event["event"] == "alloc" and event["line"] == line_of("END")
                   and event["file"].endswith("allocating.py"))
        return f"{path}@{end}"

    def test_figures_are_those_of_the_program(self):
        path, out = self.record("allocating")
        answer = self.answer("allocs", self.end(path), *ALL)
        rows = {row["line"]: row for row in answer["rows"]
                if row["file"] and row["file"].endswith("allocating.py")}
        for marker, count, made, alive, alive_bytes, peak in ast.literal_eval(out):
            row = rows[line_of(marker)]
            self.assertEqual((row["allocs"], row["allocated_bytes"]), (count, made), marker)
            if alive is not None:
                self.assertEqual((row["leaked"], row["leaked_bytes"], row["peak_bytes"]),
                                 (alive, alive_bytes, peak), marker)
        self.assertEqual(rows[line_of("KEEP")]["function"], "keep")
        self.assertEqual(set(answer["missing"].values()), {0})

    def test_every_row_is_the_sum_of_its_events(self):
        path, _ = self.record("busy", 0.3, 0.02)
        groups, total = add_up(self.events(path))
        answer = self.answer("allocs", path, "--sort", "allocs", *ALL)
        for key in SUMS:
            self.assertEqual(answer["total"][key], total[key], key)
        seen = {}
        for row in answer["rows"]:
            key = row["file"], row["line"], row["function"]
            seen.setdefault(key, []).append(row)
        self.assertEqual(answer["left_out"], 0)
        for key, group in groups.items():
            rows = seen[key]
            for name in SUMS:
                if name != "peak_bytes" or len(rows) == 1:
                    self.assertEqual(sum(row[name] for row in rows), group[name], (key, name))
        for group in (answer["total"], *answer["rows"]):
            self.assertEqual(group["live"], group["before"] + group["allocs"] - group["frees"])
            self.assertEqual(sum(group["allocated_over_time"]), group["allocated_bytes"])
            self.assertEqual(group["live_over_time"][-1] >= group["live_bytes"], True)
            self.assertEqual(max(group["live_over_time"]), group["peak_bytes"])

    def test_what_lives_is_the_heap_of_that_moment(self):
        path, _ = self.record("busy", 0.3, 0.02, classes="all")
        last = max(event["seq"] for event in self.events(path))
        for seq in (last // 3, last * 2 // 3):
            heap = self.answer("types", f"{path}@{seq}", *ALL)["types"]
            heap = {row["type"].rpartition(".")[2]: row["count"] for row in heap if row["count"]}
            live = self.answer("allocs", f"{path}@{seq}", "--by", "type", "--sort", "live", *ALL)
            live = {row["name"].rpartition(".")[2]: row["live"] for row in live["rows"]}
            for name in ("list", "dict", "tuple", "function", "bytes"):
                self.assertEqual(live.get(name, 0), heap.get(name, 0), (seq, name))

    def test_all_ways_agree(self):
        path, _ = self.record("allocating")
        totals = []
        for by in ("line", "function", "type", "size"):
            answer = self.answer("allocs", path, "--by", by, "--sort", "allocated", *ALL)
            totals.append(answer["total"])
            for key in ("allocs", "allocated_bytes", "frees"):
                self.assertEqual(sum(row[key] for row in answer["rows"]), answer["total"][key])
        self.assertEqual(totals[1:], totals[:1] * 3)
        folded = self.good(brille("allocs", path, "--folded")).splitlines()
        self.assertEqual(sum(int(line.rpartition(" ")[2]) for line in folded),
                         totals[0]["allocated_bytes"])
        keep = f"keep allocating.py:{line_of('KEEP')} "
        self.assertEqual(len([line for line in folded if ";" + keep in line]), 1)
        leaked = self.good(brille("allocs", path, "--folded", "--leaked")).splitlines()
        self.assertEqual(sum(int(line.rpartition(" ")[2]) for line in leaked),
                         totals[0]["leaked_bytes"])

    def test_text(self):
        path, _ = self.record("allocating")
        text = self.good(brille("allocs", path))
        self.assertRegex(text, r"allocated in [\d,]+ objects in .*/s\); live at most .*, at the")
        self.assertRegex(text, r"peak +live +allocated +allocs +frees +rate, .* each +line\n")
        text = self.good(brille("allocs", self.end(path), "--leaked", "-n", 3))
        self.assertRegex(text, r"[\d,]+ of [\d,]+ objects that were made in .* are still alive")
        self.assertIn(f"keep  allocating.py:{line_of('KEEP')}\n", text)
        self.assertRegex(text, r"\d+ more \(-n\)\n$")
        rows = self.good(brille("allocs", path, "--tsv")).splitlines()
        self.assertEqual(rows[0].split("\t")[0], "peak_bytes")

    def test_live(self):
        with Running("busy", 600) as target:
            begun = time.monotonic()
            answer = self.answer("allocs", target.pid, "--for", "300ms")
            self.assertLess(time.monotonic() - begun, LIMIT_S / 2)
            self.assertEqual(target.tracing(), "off")
            self.assertTrue(target.alive())
        total = answer["total"]
        self.assertGreater(total["before"], 1000)
        self.assertEqual(total["live"], total["before"] + total["allocs"] - total["frees"])
        self.assertEqual(answer["missing"]["unknown_frees"], 0)
        self.assertTrue(answer["source"]["live"])

    def test_window(self):
        path, _ = self.record("allocating")
        whole = self.answer("allocs", path)
        half = (whole["begin_ns"] + whole["window_ns"]) / 2e9
        first = self.answer("allocs", f"{path}@{half}s")["total"]
        second = self.answer("allocs", path, "--from", f"{half}s")["total"]
        self.assertGreater(second["allocs"], 0)
        self.assertEqual(first["live"], second["before"])
        for key in ("allocs", "allocated_bytes", "frees"):
            self.assertEqual(first[key] + second[key], whole["total"][key], key)

    def test_refusals(self):
        path, _ = self.record("busy", 0.1, classes="gil")
        self.refused(brille("allocs", path), 3, "has no allocations", "class alloc: gil")
        self.refused(brille("allocs", path, "--by", "colour"), 2, "colour", "function")
        self.refused(brille("allocs", path, "--sort", "colour"), 2, "colour", "peak")
        self.refused(brille("allocs", path, "--folded", "--sort", "peak"), 2, "add up")
        self.refused(brille("allocs", path, "--folded", "--json"), 2, "--json")
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
            self.refused(brille("allocs", other.pid), 3, "emit no events", "brille leaks")
            other.communicate(b"\n")


main()
