"""brille record: events of a process that was started without any tracing."""
import json
import os
import signal
import subprocess
import time

from events_support import (LIMIT_S, PATIENCE, VM, EventTest, Running, brille, main, program,
                            start_brille, wait_until)


class Record(EventTest):
    def kinds(self, answer):
        return {row["event"]: row["received"] for row in answer["events"]}

    def test_process_is_recorded_and_left_as_it_was(self):
        path = self.path("t.trace")
        with Running("busy", 600, 0.01) as target:
            self.assertEqual(target.tracing(), "off")
            answer = self.answer("record", target.pid, "-s", 0.2, "-o", path)
            self.assertEqual(target.tracing(), "off")
            target.process.send_signal(signal.SIGINT)
            out, err = target.process.communicate(timeout=LIMIT_S)
        self.assertTrue(out.endswith("wrong 0\n"))
        self.assertEqual(err, "")
        self.assertEqual((answer["dropped"], answer["end"]), (0, "detached"))
        self.assertGreater(answer["time_ns"], 1e8)
        kinds = self.kinds(answer)
        for kind in ("alloc", "free", "incref", "decref", "snapshot", "gil_acquire", "stack"):
            self.assertGreater(kinds[kind], 0, kind)
        self.assertEqual(self.head(path)["origin"], "attach")
        counted = {}
        for event in self.events(path):
            counted[event["event"]] = counted.get(event["event"], 0) + 1
        for kind, count in kinds.items():
            self.assertEqual(counted[kind], count, kind)

    def test_counts_after_the_baseline_never_contradict_it(self):
        path = self.path("t.trace")
        with Running("busy", 600, 0.01) as target:
            self.good(brille("record", target.pid, "-s", 0.2, "-o", path))
        counts, begun = {}, False
        for event in self.events(path):
            kind, address = event["event"], event.get("address")
            if kind == "snapshot":
                self.assertNotIn(address, counts)
                counts[address] = event["refcount"]
            elif kind == "meta" and event["what"] == "baseline_end":
                begun = True
                self.assertEqual(len(counts), event["value"])
            elif not begun:
                continue
            elif kind == "alloc":
                self.assertNotIn(address, counts)
                counts[address] = 1
            elif kind in ("incref", "decref"):
                counts[address] += 1 if kind == "incref" else -1
                self.assertGreaterEqual(counts[address], 0)
            elif kind == "free":
                del counts[address]
        self.assertTrue(begun)

    def test_classes(self):
        with Running("busy", 600) as target:
            answer = self.answer("record", target.pid, "-s", 0.5, "-e", "gil", "-o", self.path("t"))
        kinds = self.kinds(answer)
        self.assertGreater(kinds["gil_acquire"], 0)
        self.assertFalse({"alloc", "incref", "gc_start", "snapshot"} & set(kinds))

    def test_ctrl_c_writes_a_whole_file(self):
        path = self.path("t.trace")
        with Running("busy", 600, 0.001) as target:
            record = start_brille("record", target.pid, "-o", path, "--json")
            self.assertTrue(wait_until(lambda: "refcount" in target.tracing()))
            time.sleep(0.1)
            record.send_signal(signal.SIGINT)
            out, err = record.communicate(timeout=LIMIT_S)
            self.assertEqual(record.returncode, 0, err)
            self.assertEqual(json.loads(out)["end"], "detached")
            self.assertFalse(self.answer("gc", path)["source"]["cut_short"])
            self.assertEqual(target.tracing(), "off")
            self.assertTrue(target.alive())

    def test_second_record_is_refused_by_name(self):
        with Running("busy", 600, 0.001) as target:
            first = start_brille("record", target.pid, "-o", self.path("a"))
            self.assertTrue(wait_until(lambda: "refcount" in target.tracing()))
            second = brille("record", target.pid, "-o", self.path("b"))
            self.refused(second, 3, f"process {first.pid}", "is being recorded by")
            self.assertFalse(os.path.exists(self.path("b")))
            first.send_signal(signal.SIGINT)
            self.assertEqual(first.wait(LIMIT_S), 0)
            first.communicate()
            self.good(brille("record", target.pid, "-s", 0.2, "-o", self.path("b")))

    def test_process_that_ends_ends_the_recording(self):
        with Running("busy", 1.5 * PATIENCE, 0.001) as target:
            answer = self.answer("record", target.pid, "-o", self.path("t"))
        self.assertEqual((answer["end"], answer["dropped"]), ("exited", 0))

    def test_sleeping_process_is_waited_for(self):
        with Running("asleep", 4 * PATIENCE) as target:
            done = brille("record", target.pid, "-o", self.path("t"), "--json")
        self.assertIn("asleep or in C code", done.stderr)
        answer = json.loads(self.good(done))
        self.assertEqual(answer["end"], "exited")
        self.assertGreater(self.kinds(answer)["snapshot"], 0)

    def test_output_is_checked_first(self):
        with Running("busy", 600, 0.001) as target:
            done = brille("record", target.pid, "-o", "/nowhere/t.trace")
            self.refused(done, 3, "/nowhere/t.trace")
            self.assertEqual(target.tracing(), "off")
            self.refused(brille("record", target.pid, "-o", self.folder.name), 3, "regular file")

    def test_full_disk_leaves_the_process_alone(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full")
        with Running("busy", 600, 0.001) as target:
            self.refused(brille("record", target.pid, "-o", "/dev/full"), 3)
            self.assertTrue(target.alive())


class Bounded(EventTest):
    def parts(self, path):
        folder, name = os.path.split(path)
        return [entry for entry in os.listdir(folder) if entry.startswith(name + ".part")]

    def test_largest_size_ends_the_recording(self):
        path = self.path("t.trace")
        with Running("busy", 600) as target:
            answer = self.answer("record", target.pid, "--max-size", "16MiB", "-o", path)
            self.assertEqual(target.tracing(), "off")
            self.assertTrue(target.alive())
        self.assertEqual(answer["end"], "full")
        self.assertLessEqual(os.path.getsize(path), 16 << 20)
        self.assertGreater(os.path.getsize(path), 12 << 20)
        self.assertFalse(self.answer("gc", path)["source"]["cut_short"])

    def test_the_last_seconds_are_kept(self):
        path = self.path("t.trace")
        with Running("busy", 600, 0.01) as target:
            answer = self.answer("record", target.pid, "--last", "800ms", "-s", 2.5, "-o", path)
        self.assertEqual((answer["end"], answer["dropped"]), ("detached", 0))
        self.assertEqual(self.parts(path), [])
        first = last = None
        counted = {}
        for event in self.events(path):
            kind = event["event"]
            counted[kind] = counted.get(kind, 0) + 1
            if kind.endswith("_define"):
                continue
            last = event["time_ns"]
            first = last if first is None else first
        self.assertGreater(last - first, 0.79e9)
        self.assertLess(last - first, 2.0e9)
        self.assertAlmostEqual(answer["time_ns"] / 1e9, (last - first) / 1e9, delta=0.2)
        for row in answer["events"]:
            self.assertEqual(counted[row["event"]], row["received"], row["event"])
        # Each part begins with a baseline, so the heap is known (until the classes go off).
        heap = next(self.lines(f"{path}@{(last - 0.3e9) / 1e9:.6f}s"))
        self.assertTrue(heap["complete"], heap)

    def test_the_last_seconds_in_a_largest_size(self):
        path = self.path("t.trace")
        largest, seen = 0, set()
        with Running("busy", 600) as target:
            record = start_brille("record", target.pid, "--last", "1h", "--max-size", "16MiB", "-o",
                                  path, "--json")
            # Four parts are kept: when there has been a fifth, the first one has given way.
            give_up = time.monotonic() + LIMIT_S
            while len(seen) < 5 and record.poll() is None and time.monotonic() < give_up:
                parts, sizes = self.parts(path), 0
                seen.update(parts)
                for entry in [os.path.basename(path), *parts]:
                    try:
                        sizes += os.path.getsize(self.path(entry))
                    except OSError:
                        pass
                largest = max(largest, sizes)
                time.sleep(0.02)
            record.send_signal(signal.SIGINT)
            out, err = record.communicate(timeout=LIMIT_S)
        self.assertEqual(record.returncode, 0, err)
        self.assertEqual(json.loads(out)["end"], "detached")
        self.assertEqual(len(seen), 5)
        self.assertLessEqual(largest, 16 << 20)
        self.assertLessEqual(os.path.getsize(path), 16 << 20)
        self.assertGreater(os.path.getsize(path), 3 << 20)
        self.assertEqual(self.parts(path), [])

    def test_killed_recorder_leaves_readable_parts(self):
        path = self.path("t.trace")
        with Running("busy", 600, 0.01) as target:
            record = start_brille("record", target.pid, "--last", "1s", "-o", path)
            self.assertTrue(wait_until(lambda: len(self.parts(path)) >= 3))
            record.kill()
            record.communicate()
            self.assertTrue(target.alive())
        for name in [path, *map(self.path, self.parts(path))]:
            answer = self.answer("gc", name)
            self.assertTrue(answer["source"]["cut_short"], name)
        self.good(brille("allocs", self.path(self.parts(path)[0])))

    def test_too_small_a_size_is_refused(self):
        self.refused(brille("record", 1, "--max-size", "1MiB"), 2, "too small")


class FromRing(EventTest):
    def ring_of(self, process):
        with open(f"/proc/{process.pid}/stat", encoding="utf-8") as stat:
            start = stat.read().rpartition(")")[2].split()[19]
        return f"/dev/shm/brille-{process.pid}-{start}"

    def test_killed_process_is_read_to_its_last_event(self):
        for last in (3, 40, 700):
            process = subprocess.Popen([VM, "-X", "trace=all", program("growing")],
                                       stdout=subprocess.PIPE, text=True)
            ring = self.ring_of(process)
            for line in process.stdout:
                if int(line) == last:
                    break
            process.kill()
            shown = [int(line) for line in process.communicate()[0].split()]
            last = shown[-1] if shown else last
            self.addCleanup(lambda path=ring: os.path.exists(path) and os.unlink(path))
            path = self.path("t.trace")
            answer = self.answer("record", "--from-ring", ring, "-o", path)
            self.assertEqual(answer["end"], "killed")
            self.assertEqual(answer["dropped"], 0)
            sizes = [event["size"] for event in self.events(path) if event["event"] == "alloc"
                     and event["type"] == "bytes" and event["size"] >= 10000]
            self.assertGreaterEqual(max(sizes), 10000 + last)
            os.unlink(ring)

    def test_flight_recorder_of_a_running_process_can_be_read(self):
        with Running("asleep", 600, options=("-X", "trace=all")) as target:
            answer = self.answer("record", "--from-ring", self.ring_of(target.process), "-o",
                                 self.path("t.trace"))
            self.assertEqual(answer["end"], "detached")
            self.assertGreater(answer["received"], 1000)
            self.assertTrue(target.alive())
            ring = self.ring_of(target.process)
        os.unlink(ring)

    def test_rings_of_the_dead_are_cleaned_away(self):
        with Running("asleep", 600, options=("-X", "trace=all")) as dead:
            ring = self.ring_of(dead.process)
        with Running("asleep", 600, options=("-X", "trace=all")) as alive:
            self.assertTrue(os.path.exists(ring))
            removed = self.answer("ps", "--clean")["removed"]
            self.assertIn(ring, removed)
            self.assertFalse(os.path.exists(ring))
            self.assertTrue(os.path.exists(self.ring_of(alive.process)))
            other = self.ring_of(alive.process)
        os.unlink(other)

    def test_clean_exit_leaves_no_ring(self):
        process = subprocess.Popen([VM, "-X", "trace=all", "-c", "pass"])
        process.wait()
        names = [name for name in os.listdir("/dev/shm") if f"-{process.pid}-" in name]
        self.assertEqual(names, [])


main()
