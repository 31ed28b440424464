"""Moments of a trace, T.trace@SEQ and T.trace@300ms, as verbs over heaps take them.

That the heap of a moment is right is held in replay.py; here: how moments are named, and that
nothing is said of references, which a trace does not know.
"""
from events_support import EventTest, brille, main, program


class Moments(EventTest):
    def setUp(self):
        super().setUp()
        self.trace = self.path("t.trace")
        self.good(brille("run", "-e", "all", "-o", self.trace, program("allocating")))
        self.last = max(event["seq"] for event in self.events(self.trace))

    def at(self, moment):
        return f"{self.trace}@{moment}"

    def test_names(self):
        half = next(event["time_ns"] for event in self.events(self.trace)
                    if event["seq"] > self.last // 2)
        ways = (f"{half / 1e9:.9f}s", f"{half / 1e6:.6f}ms", f"{half / 1e3:.3f}us")
        answers = [self.answer("types", self.at(way)) for way in ways]
        for key in answers[0].keys() - {"heap"}:
            self.assertEqual(answers[0][key], answers[1][key])
            self.assertEqual(answers[0][key], answers[2][key])
        for wrong in ("1.5", "x", "3q", "-1s", ""):
            self.refused(brille("types", self.at(wrong)), 2, "no moment of a trace", "@12.5s")
        self.refused(brille("types", self.trace), 2, "@SEQ")

    def test_objects_and_differences_are_told(self):
        early, late = self.at(self.last // 3), self.at(self.last * 2 // 3)
        grown = self.answer("diff", early, late)
        self.assertTrue(grown)
        text = self.good(brille("summary", late))
        self.assertRegex(text.splitlines()[0], r"  brille( 3\.\S+)?  \d{4}-")
        self.assertRegex(text, r"\n[\d.]+ [KM]iB in [\d,]+ objects\.\n")
        alloc = next(event for event in self.events(self.trace)
                     if event["event"] == "alloc" and event["seq"] > self.last // 3)
        text = self.good(brille("show", self.at(alloc["seq"] + 1), alloc["address"]))
        self.assertIn("a moment of a trace does not say what it refers to", text)
        self.assertRegex(text, r"\n  refcount   1\n")
        self.assertNotIn("native", text)

    def test_questions_about_references_are_refused(self):
        moment = self.at(self.last // 2)
        for verb in ("dominators", "leaks", "garbage", "audit"):
            self.refused(brille(verb, moment), 3, "no references", "dump PID")
        for verb in ("path", "refs"):
            self.refused(brille(verb, moment, "0x1000"), 3, "no references", "dump PID")


main()
