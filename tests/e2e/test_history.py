"""brille history: every count change of one object, against what the object's program says."""
import subprocess
import sys

from events_support import VM, EventTest, brille, main, program


class History(EventTest):
    def traced(self):
        path = self.path("t.trace")
        address, *counts = self.good(
            brille("run", "-e", "all", "-o", path, program("counted"))).split()
        return path, address, [int(count) for count in counts]

    def test_counts_are_those_the_program_saw(self):
        path, address, counts = self.traced()
        answer = self.answer("history", path, address)
        self.assertEqual(answer["type"], "Box")
        self.assertFalse(answer["alive"])
        # sys.getrefcount sees the count with its own argument, one more than it reports less one.
        changes = answer["changes"]
        self.assertEqual(answer["life"], answer["lives"])
        life = changes
        self.assertEqual((life[0]["before"], life[0]["after"]), (0, 1))
        count = 0
        for change in life:
            self.assertEqual(change["before"], count)
            step = {"alloc": 1, "incref": 1, "decref": -1}.get(change["event"], 0)
            self.assertEqual(change["after"], count + step)
            count = change["after"]
        self.assertEqual(life[-1]["event"], "free")
        self.assertEqual(count, 0)
        reached = [change["after"] for change in life]
        for seen in counts:
            self.assertIn(seen, reached)
        self.assertEqual(counts, [1, 4, 3])

    def test_after_the_end(self):
        path, address, _ = self.traced()
        self.assertIn("Box: freed before.",
                      self.good(brille("history", path, address, "--from", "1000s")))
        self.assertEqual(self.answer("history", path, address, "--from", "1000s")["changes"], [])

    def test_lines_and_functions(self):
        path, address, _ = self.traced()
        changes = self.answer("history", path, address)["changes"]
        places = {(c["function"], c["event"]) for c in changes}
        self.assertIn(("keep", "incref"), places)
        self.assertIn(("look", "decref"), places)
        with open(program("counted"), encoding="utf-8") as file:
            lines = file.read().splitlines()
        for change in changes:
            if change["function"] == "keep" and change["event"] == "incref":
                self.assertIn("kept.append", lines[change["line"] - 1])

    def test_who_kept_it_is_named(self):
        process = subprocess.Popen([VM, program("counted"), "60"], stdout=subprocess.PIPE, text=True)
        address, *_ = [process.stdout.readline().strip() for _ in range(4)]
        answer = self.answer("history", process.pid, address, "--for", "1s")
        text = self.good(brille("history", process.pid, address, "--for", "500ms", "-n", "6"))
        self.assertIsNone(process.poll())
        process.kill()
        process.communicate()
        self.assertEqual(answer["type"], "Box")
        # 4 where the recording begins or ends inside look().
        first, last = answer["first_count"], answer["last_count"]
        self.assertLessEqual({first, last}, {3, 4})
        self.assertEqual(answer["takes"] - answer["drops"], last - first)
        self.assertGreater(answer["takes"], 2)
        kept = sum(change["kept"] for change in answer["changes"])
        self.assertEqual(kept, max(last - first, 0))
        self.assertRegex(text, r"Box: refcount [34] -> [34]\.")

    def test_leftovers_are_marked(self):
        source = self.path("leak.py")
        with open(source, "w", encoding="utf-8") as file:
            file.write("import sys, time\n"
                       "kept = []\n"
                       "class Box: pass\n"
                       "def leak(x):\n"
                       "    kept.append(x)\n"
                       "def look(x):\n"
                       "    return x is None\n"
                       "box = Box()\n"
                       "print(hex(id(box)), flush=True)\n"
                       "end = time.time() + 60\n"
                       "while time.time() < end:\n"
                       "    look(box)\n"
                       "    leak(box)\n"
                       "    time.sleep(0.02)\n")
        process = subprocess.Popen([VM, source], stdout=subprocess.PIPE, text=True)
        address = process.stdout.readline().strip()
        answer = self.answer("history", process.pid, address, "--for", "1s")
        text = self.good(brille("history", process.pid, address, "--for", "500ms"))
        process.kill()
        process.communicate()
        kept = [change for change in answer["changes"] if change["kept"]]
        leaked = [change for change in kept if (change["function"], change["line"]) == ("leak", 5)]
        self.assertGreater(len(leaked), 2)
        # The recording may begin or end inside a call that borrows the box for a moment.
        self.assertLessEqual(len(kept) - len(leaked), 1)
        growth = answer["last_count"] - answer["first_count"]
        self.assertLessEqual(abs(len(kept) - growth), 1)
        self.assertRegex(text, r"\d+ takes? never given back: leak  leak.py:5\.")

    def test_objects_at_one_address_are_told_apart(self):
        path, source = self.path("t.trace"), self.path("again.py")
        with open(source, "w", encoding="utf-8") as file:
            file.write("class Box: pass\n"
                       "seen = [], []\n"
                       "def look(x, times):\n"
                       "    for i in range(times):\n"
                       "        seen[0].append(x)\n"
                       "    seen[0].clear()\n"
                       "for times in 5, 6, 7:\n"
                       "    box = Box()\n"
                       "    seen[1].append(id(box))\n"
                       "    look(box, times)\n"
                       "    box = None\n"
                       "print(*map(hex, seen[1]))\n")
        addresses = self.good(brille("run", "-e", "all", "-o", path, source)).split()
        self.assertEqual(len(set(addresses)), 1, "the address was not used again")
        last = self.answer("history", path, addresses[0])
        lives = last["lives"]
        self.assertGreaterEqual(lives, 3)
        for life, times in zip(range(lives, lives - 3, -1), (7, 6, 5)):
            answer = self.answer("history", path, addresses[0], "--life", life)
            kinds = [change["event"] for change in answer["changes"]]
            self.assertEqual((answer["life"], answer["type"]), (life, "Box"))
            self.assertEqual((kinds[0], kinds[-1]), ("alloc", "free"))
            self.assertEqual((kinds.count("alloc"), kinds.count("free")), (1, 1))
            appended = [c for c in answer["changes"] if c["event"] == "incref" and c["line"] == 5]
            self.assertGreaterEqual(len(appended), times)
            self.assertEqual(answer["takes"] + 1, answer["drops"])
        self.assertIn(f"number {lives} of {lives} objects",
                      self.good(brille("history", path, addresses[0])))
        self.refused(brille("history", path, addresses[0], "--life", lives + 1), 2, f"only {lives} objects")

    def test_nothing_there(self):
        path, _, _ = self.traced()
        self.refused(brille("history", path, "0x10"), 2, "no event names an object at 0x10")
        self.refused(brille("history", path, "ten"), 2, "'ten' is no address")
        self.refused(brille("history", path), 2, "history needs TARGET ADDR")
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
            self.refused(brille("history", other.pid, "0x10"), 3, "emit no events",
                         f"brille watch {other.pid} 0x10")
            other.communicate(b"\n")


main()
