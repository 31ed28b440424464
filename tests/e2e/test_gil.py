"""brille gil: holds, waits and handoffs, live and from a trace; and that the sums hold."""
from events_support import EventTest, Running, brille, main, program


class Gil(EventTest):
    def check_sums(self, answer):
        window = answer["window_ns"]
        self.assertGreater(window, 0)
        self.assertLessEqual(answer["held_ns"], window * 1.001)
        self.assertEqual(answer["held_ns"], sum(t["held_ns"] for t in answer["threads"]))
        self.assertEqual(answer["wait_ns"], sum(t["wait_ns"] for t in answer["threads"]))
        for thread in answer["threads"]:
            self.assertLessEqual(thread["held_ns"] + thread["wait_ns"], window * 1.001)
            self.assertLessEqual(sum(b["wait_ns"] for b in thread["behind"]),
                                 thread["wait_ns"])
            self.assertLessEqual(thread["longest_wait_ns"], thread["wait_ns"])
            self.assertNotIn(thread["tid"], [b["tid"] for b in thread["behind"]])
            self.assertEqual(len(thread["timeline"]), 40)
            self.assertFalse(set(thread["timeline"]) - set("#~."))

    def check_busy(self, answer):
        """Two threads compute: they share the GIL and wait for each other. On a busy machine the
        lock is often free while who asked for it waits for a processor, so shares are compared with
        each other rather than with the clock."""
        self.check_sums(answer)
        threads = {thread["name"]: thread for thread in answer["threads"]}
        self.assertLessEqual({"worker-0", "worker-1", "MainThread"}, set(threads))
        held = sum(threads[name]["held_ns"] for name in ("worker-0", "worker-1"))
        self.assertGreater(held, answer["held_ns"] * 0.8)
        for name in ("worker-0", "worker-1"):
            thread = threads[name]
            self.assertGreater(thread["held_ns"], held * 0.1)
            other = threads["worker-1" if name == "worker-0" else "worker-0"]
            self.assertIn(other["tid"], [b["tid"] for b in thread["behind"]])
            self.assertGreater(thread["released"]["interval"], 0)
            self.assertIn("#", thread["timeline"])
        self.assertLess(threads["MainThread"]["held_ns"], threads["worker-0"]["held_ns"])
        self.assertGreater(threads["MainThread"]["released"]["blocking"], 0)
        for place in answer["places"]:
            if place["reason"] == "interval" and place["function"] != "unknown":
                self.assertRegex(place["file"], r"busy\.py$|threading", place)
                self.assertGreater(place["line"], 0)
        self.assertTrue(any(p["function"].startswith("compute") for p in answer["places"]))

    def test_live(self):
        with Running("busy", 600) as target:
            self.check_busy(self.answer("gil", target.pid, "--for", "1s"))
            self.assertEqual(target.tracing(), "off")
            self.assertTrue(target.ticks())

    def test_trace_from_birth(self):
        path = self.path("t.trace")
        self.good(brille("run", "-e", "gil", "-o", path, program("busy"), 1.5))
        self.check_busy(self.answer("gil", path))

    def test_trace_of_a_live_process(self):
        path = self.path("t.trace")
        with Running("busy", 600) as target:
            self.good(brille("record", target.pid, "-e", "gil", "-s", 1, "-o", path))
        self.check_busy(self.answer("gil", path))

    def test_sleeping_is_not_waiting(self):
        path = self.path("t.trace")
        self.good(brille("run", "-e", "gil", "-o", path, program("asleep"), 1))
        answer = self.answer("gil", path)
        self.check_sums(answer)
        main_thread = next(t for t in answer["threads"] if t["name"] == "MainThread")
        self.assertGreater(answer["window_ns"], 9e8)
        self.assertLess(main_thread["held_ns"], answer["window_ns"] * 0.5)
        self.assertEqual(main_thread["wait_ns"], 0)

    def test_text(self):
        with Running("busy", 600) as target:
            text = self.good(brille("gil", target.pid, "--for", "500ms"))
        first, answer, empty, header, *_ = text.splitlines()
        self.assertIn(f"pid {target.pid}", first)
        self.assertRegex(answer, r"^GIL held \d+ % of .* waits most\.$")
        self.assertEqual(empty, "")
        self.assertRegex(header, r"held +wait +longest +acquires +behind +thread +"
                                 r"# holds ~ waits \(.* each\)")
        self.assertRegex(text, r"\n +[\d.]+ m?s +[\d,]+  interval  compute")

    def test_trace_without_gil_events_says_so(self):
        path = self.path("t.trace")
        self.good(brille("run", "-e", "gc", "-o", path, program("asleep"), 0))
        self.assertIn("no GIL events", self.good(brille("gil", path)))


main()
