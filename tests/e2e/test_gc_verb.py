"""brille gc: the collections of a program, held against what it says itself."""
import ast
import time

from events_support import LIMIT_S, EventTest, Running, brille, main, program


class Collections(EventTest):
    def test_trace_agrees_with_the_program(self):
        path = self.path("t.trace")
        out = self.good(brille("run", "-e", "gc", "-o", path, program("collecting")))
        *rounds, stats = out.splitlines()
        answer = self.answer("gc", path)
        manual = [run for run in answer["collections"] if run["reason"] == "manual"]
        for line, run in zip(rounds, manual[1:]):  # the first is the one before the rounds
            number, unreachable = map(int, line.split())
            self.assertEqual(run["generation"], number % 3)
            self.assertEqual(run["freed"] + run["uncollectable"], unreachable)
            self.assertGreaterEqual(unreachable, 40)
            self.assertGreaterEqual(run["examined"], run["freed"])
            self.assertGreater(run["time_ns"], 0)
        # The end of the process collects twice more: before the modules go and after.
        for generation, inside in enumerate(ast.literal_eval(stats)):
            outside = answer["generations"][generation]
            more = outside["runs"] - inside["collections"]
            self.assertIn(more, (2,) if generation == 2 else (0, 1), generation)
            self.assertGreaterEqual(outside["freed"], inside["collected"])

    def test_sums(self):
        path = self.path("t.trace")
        self.good(brille("run", "-e", "gc", "-o", path, program("busy"), 0.5))
        answer = self.answer("gc", path)
        for row in answer["generations"]:
            runs = [r for r in answer["collections"] if r["generation"] == row["generation"]]
            self.assertEqual(len(runs), row["runs"])
            for key in ("examined", "freed", "promoted"):
                self.assertEqual(sum(run[key] for run in runs), row[key])
            self.assertEqual(sum(run["time_ns"] for run in runs), row["total_ns"] or 0)
        self.assertGreater(answer["generations"][0]["runs"], 0)
        self.assertEqual(sum(r["total_ns"] or 0 for r in answer["generations"]),
                         answer["total_ns"])

    def test_parts_of_a_trace(self):
        path = self.path("t.trace")
        self.good(brille("run", "-e", "all", "-o", path, program("collecting")))
        whole = self.answer("gc", path)["collections"]
        middle = whole[len(whole) // 2]["begin_ns"] - 1
        first = self.answer("gc", path, "--to", f"{middle}ns")["collections"]
        second = self.answer("gc", path, "--from", f"{middle}ns")["collections"]
        self.assertEqual(first + second, whole)
        self.assertEqual(len(first), len(whole) // 2)
        self.assertEqual(self.answer("gil", path, "--from", f"{middle}ns")["source"]["missing"], 0)
        self.refused(brille("gc", path, "--from", "2s", "--to", "1s"), 2, "later than --from")
        self.refused(brille("gc", 1, "--from", "2s"), 2, "for a trace", "--for")

    def until_it_collects(self, ask, nothing):
        """What ask() says: again where a busy machine did not let the program come that far."""
        end = time.monotonic() + LIMIT_S
        while nothing(said := ask()):
            self.assertLess(time.monotonic(), end, said)
        return said

    def test_live(self):
        with Running("busy", 600) as target:
            answer = self.until_it_collects(
                lambda: self.answer("gc", target.pid, "--for", "1s"),
                lambda said: said["generations"][0]["runs"] == 0)
            text = self.until_it_collects(
                lambda: self.good(brille("gc", target.pid, "--for", "500ms")),
                lambda said: "\nNo collection in" in said)
            self.assertEqual(target.tracing(), "off")
            self.assertTrue(target.alive())
        self.assertGreater(answer["generations"][0]["runs"], 0)
        self.assertGreater(answer["generations"][0]["freed"], 0)
        self.assertRegex(text, r"Collections took .* of .* \(.* %\)\.")
        self.assertRegex(text, r"gen +runs +total +mean +max +examined +freed +promoted")


main()
