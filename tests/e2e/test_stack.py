"""brille stack: known programs stand where the stacks say."""
from events_support import EventTest, Running, brille, main, program, wait_until


def line_of(mark):
    with open(program("stacks"), encoding="utf-8") as file:
        return next(i for i, line in enumerate(file, 1) if f"# {mark}" in line)


class Stack(EventTest):
    def python(self, thread):
        return [(f["function"], f["line"]) for f in thread["frames"] if f["kind"] == "python"]

    def settled(self, target, *options):
        """The answer once the two threads that sleep have come there: READY is said before."""
        places = {"MainThread": ("deep", line_of("BOTTOM")), "sorter": ("slow_key", line_of("KEY"))}
        answer = {}

        def there():
            answer.update(self.answer("stack", target.pid, *options))
            threads = {thread["name"]: thread for thread in answer["threads"]}
            return all(name in threads and threads[name]["gil"] == "none" and
                       self.python(threads[name])[:1] == [place] for name, place in places.items())
        self.assertTrue(wait_until(there), answer)
        return answer

    def test_every_thread(self):
        with Running("stacks") as target:
            answer = self.settled(target)
            again = self.answer("stack", target.pid)
            self.assertTrue(target.alive())
        threads = {thread["name"]: thread for thread in answer["threads"]}
        self.assertLessEqual({"MainThread", "sorter", "spin"}, set(threads))
        for name in set(threads) - {"MainThread", "sorter", "spin"}:  # the thread sanitizer's own
            self.assertEqual(self.python(threads[name]), [])
        self.assertEqual(threads["MainThread"]["tid"], target.pid)
        deep = self.python(threads["MainThread"])
        self.assertEqual([name for name, _ in deep], ["deep"] * 4 + ["<module>"])
        self.assertEqual([line for _, line in deep[:4]], [line_of("BOTTOM")] + [line_of("DEEP")] * 3)
        self.assertEqual(self.python(threads["sorter"])[:2],
                         [("slow_key", line_of("KEY")), ("sorter", line_of("SORT"))])
        self.assertEqual(self.python(threads["spin"])[0][0], "spin")
        self.assertEqual([self.python(t)[:1] for t in again["threads"] if t["name"] != "spin"],
                         [self.python(t)[:1] for t in answer["threads"] if t["name"] != "spin"])

    def test_gil(self):
        """spin computes, the others sleep."""
        seen = []

        def spin_has_it():
            gil = {t["name"]: t["gil"] for t in self.answer("stack", target.pid)["threads"]}
            self.assertLessEqual(list(gil.values()).count("holder"), 1)
            self.assertEqual((gil["MainThread"], gil["sorter"]), ("none", "none"))
            seen.append(gil["spin"])
            return gil["spin"] == "holder"
        with Running("stacks") as target:
            self.settled(target)
            self.assertTrue(wait_until(spin_has_it), seen)

    def test_native_frames_stand_inside_the_python_that_called_them(self):
        with Running("stacks") as target:
            answer = self.settled(target)
        threads = {thread["name"]: thread for thread in answer["threads"]}
        frames = threads["sorter"]["frames"]
        names = [frame["function"] for frame in frames]
        if not any(frame["kind"] == "native" and frame["function"] != "?" for frame in frames):
            self.skipTest("no native symbols")
        self.assertTrue(threads["sorter"]["interleaved"])
        key, sorter = names.index("slow_key"), names.index("sorter")
        self.assertTrue(any("sleep" in name for name in names[:key]), names)
        between = [f for f in frames[key + 1:sorter]]
        self.assertTrue(between and all(frame["kind"] == "native" for frame in between))
        self.assertTrue(any("sort" in frame["function"] for frame in between), names)
        self.assertTrue(all(frame["kind"] == "native" for frame in frames[-2:]))

    def test_locals(self):
        with Running("stacks") as target:
            threads = self.settled(target)["threads"]
            text = self.good(brille("stack", target.pid, "--locals", "--python"))
        deep = next(t for t in threads if t["name"] == "MainThread")["frames"]
        levels = [f["locals"] for f in deep if f["kind"] == "python" and f["function"] == "deep"]
        self.assertEqual(levels, [{"level": str(i), "text": "'end'"} for i in range(4)])
        self.assertIn("level = 3", text)
        self.assertNotIn("\n       c  ", text)

    def test_no_fork(self):
        with Running("stacks") as target:
            names = {thread["name"] for thread in self.settled(target, "--no-fork")["threads"]}
            self.assertLessEqual({"MainThread", "sorter", "spin"}, names)
            self.assertTrue(target.alive())


main()
