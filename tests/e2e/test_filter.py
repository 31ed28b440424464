"""Filters of events, and samples: what passes is exactly what a whole trace has of it."""
import collections
import statistics

from events_support import EventTest, Running, brille, main, program

KINDS = ("alloc", "free", "incref", "decref", "resize", "gc_track", "gc_untrack")


class Filter(EventTest):
    def record(self, *options, events="all"):
        path = self.path("t.trace")
        self.good(brille("run", "-e", events, *options, "-o", path, "--", program("kinds")))
        return path

    def test_one_type(self):
        whole = collections.Counter()
        types = {}
        for event in self.events(self.record()):
            if event["event"] == "alloc":
                types[event["address"]] = event["type"]
            if event["event"] in KINDS and types.get(event["address"]) == "Session":
                whole[event["event"]] += 1
        for name in ("Session", "__main__.Session"):
            path = self.record("--type", name)
            counted = collections.Counter(event["event"] for event in self.events(path))
            self.assertEqual({kind: counted[kind] for kind in KINDS},
                             {kind: whole[kind] for kind in KINDS})
        self.assertEqual(whole["alloc"], 2000)
        self.assertEqual(whole["alloc"] + whole["incref"], whole["decref"])

    def test_heap_of_one_type_is_exact(self):
        path = self.record("--type", "Session")
        last = max(event["seq"] for event in self.events(path) if event["event"] == "incref")
        lines = self.lines(f"{path}@{last + 1}")
        self.assertTrue(next(lines)["complete"])
        objects = [line for line in lines if line["record"] == "object"]
        self.assertIn(len(objects), range(200, 203))  # 200 are kept, one or two are at work
        self.assertEqual({o["type"] for o in objects}, {"Session"})

    def test_one_object_of_a_running_process(self):
        path = self.path("t.trace")
        with Running("kinds", "on") as target:
            address = target.process.stdout.readline().strip()
            answer = self.answer("record", target.pid, "-s", 0.2, "--object", address, "-o", path)
            self.good(brille("record", target.pid, "-s", 0.1, "--object", int(address, 16), "-o",
                             self.path("decimal.trace")))
            self.assertEqual(answer["dropped"], 0)
            self.assertTrue(target.alive())
        counted = collections.Counter()
        for event in self.events(path):
            if event["event"] in KINDS or event["event"] == "snapshot":
                self.assertEqual(event["address"], address)
                counted[event["event"]] += 1
        self.assertEqual(counted["snapshot"], 1)
        self.assertGreater(counted["incref"], 100)
        self.assertAlmostEqual(counted["incref"], counted["decref"], delta=5)

    def test_one_file(self):
        inside = collections.Counter()
        for event in self.events(self.record()):
            if event["event"] in ("alloc", "incref", "decref") and \
                    (event.get("file") or "").endswith("/kinds.py"):
                inside[event["event"]] += 1
        path = self.record("--file", "event_programs/kinds.py")
        counted = collections.Counter(event["event"] for event in self.events(path))
        for kind, count in inside.items():
            self.assertAlmostEqual(counted[kind], count, delta=count / 50, msg=kind)
        self.assertGreaterEqual(counted["free"], counted["alloc"] * 0.9)

    def test_a_new_recorder_begins_without_a_filter(self):
        with Running("kinds", "on") as target:
            self.good(brille("record", target.pid, "-s", 0.1, "--type", "Session", "-o",
                             self.path("a")))
            answer = self.answer("record", target.pid, "-s", 0.1, "-o", self.path("b"))
        kinds = {row["event"]: row["received"] for row in answer["events"]}
        self.assertGreater(kinds["snapshot"], 500)

    def test_what_does_not_go_together_is_refused(self):
        for options, words in ((("-e", "refcount", "--sample", "1KiB"), "without refcount"),
                               (("-e", "gil", "--type", "list"), "objects"),
                               (("--object", "0x123"), "no address"),
                               (("--type", ""), "needs a name")):
            self.refused(brille("record", 1, *options), 2, words)


class Sample(EventTest):
    def allocs(self, *options):
        path = self.path("t.trace")
        self.good(brille("run", "-e", "alloc", *options, "-o", path, "--", program("kinds")))
        return self.answer("allocs", path)

    def test_estimates_are_unbiased_and_their_error_is_right(self):
        truth = self.allocs()["total"]
        estimates, inside = [], 0
        for _ in range(24):
            answer = self.allocs("--sample", "200KiB")
            total = answer["total"]
            self.assertEqual(answer["sample_bytes"], 200 << 10)
            self.assertGreater(answer["samples"], 100)
            estimates.append(total["allocated_bytes"])
            inside += abs(total["allocated_bytes"] - truth["allocated_bytes"]) <= \
                total["allocated_bytes_error"]
        # 24 runs, each right 95 times in 100; five misses come once in a thousand.
        self.assertGreaterEqual(inside, 19)
        spread = statistics.stdev(estimates) / len(estimates) ** 0.5
        self.assertLess(abs(statistics.mean(estimates) - truth["allocated_bytes"]), 5 * spread)

    def test_place_of_a_sample(self):
        answer = self.allocs("--sample", "100KiB")
        self.assertEqual((answer["rows"][0]["function"], answer["rows"][0]["line"]), ("big", 26))
        self.assertLess(answer["total"]["live_bytes"], answer["total"]["allocated_bytes"] / 10)

    def test_every_byte_is_everything(self):
        truth = self.allocs()["total"]
        all_of_it = self.allocs("--sample", "1")["total"]
        self.assertAlmostEqual(all_of_it["allocs"], truth["allocs"], delta=truth["allocs"] / 20)


main()
