"""What each page of docs/tour claims, as a check that can fail. See run_tour.py.

A page's function takes the Evidence of one walk: what each of its commands printed, in order, and
the traces and heaps that they left. Bounds on time are wide, because the machine may be busy; what
does not depend on time is checked exactly.
"""
import functools
import json
import re
import statistics
import subprocess


class Evidence:
    def __init__(self, folder, brille, outputs):
        self.folder, self.brille, self.outputs = folder, brille, outputs

    def run(self, *arguments):
        done = subprocess.run([self.brille, *arguments], cwd=self.folder, text=True, check=True,
                              capture_output=True)
        return done.stdout

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "--json"))

    def events(self, trace, *kinds):
        lines = self.run("export", trace, "--to", "ndjson").splitlines()
        events = [json.loads(line) for line in lines]
        assert not any(event.get("cut_short") for event in events), "the trace is cut short"
        return [event for event in events
                if event["record"] == "event" and (not kinds or event["event"] in kinds)]

    def address(self, output):
        return re.search(r"0x[0-9a-f]{6,}", output)[0]

    def line_of(self, program, text):
        """The number of the first line of a program that has this text."""
        lines = (self.folder / "docs/tour" / program).read_text().splitlines()
        return 1 + next(at for at, line in enumerate(lines) if text in line)


def numbers(text):
    return [float(number) for number in re.findall(r"\d+\.?\d*", text.replace(",", ""))]


def life(events, address, type_name):
    """The events of the last object of this type at this address."""
    mine = [event for event in events if event.get("address") == address]
    start = max(at for at, event in enumerate(mine)
                if event["event"] == "alloc" and event["type"] == type_name)
    end = next(at for at in range(start, len(mine)) if mine[at]["event"] == "free")
    return mine[start:end + 1]


def counts_of(events):
    """The stored count after each event that changes it, with the line that did it."""
    count, steps = 0, []
    for event in events:
        change = {"alloc": 1, "incref": 1, "decref": -1}.get(event["event"], 0)
        if change:
            count += change
            steps.append((count, event["line"]))
    return steps


def counts_shown(output):
    """The refcount that `brille show` tells, and whether it knows every reference."""
    found = re.search(r"refcount +(\d+), (all explained)?", output)
    assert found, output
    return int(found[1]), bool(found[2])


def stock_gil(output):
    """What `brille gil` says of a stock CPython, exact or sampled; shares in percent."""
    assert "\nExact: " in output or "\nSampled: " in output, output
    share = re.search(r"GIL held (?:at )?(\d+) % of", output)
    changes = re.search(r"([\d,]+) (?:handoffs|switches)", output)
    assert share and changes, output
    row = r"^ *<?([\d.]+) % +<?([\d.]+) % .*?(\w+-\d+|MainThread)(?:  |$)"
    reasons = re.findall(r"^ *[\d.]+ \w+ +([\d,]+) +(blocking|interval|finished) ", output, re.M)
    return {
        "held": int(share[1]),
        "changes": int(changes[1].replace(",", "")),
        "threads": {name: (float(held), float(wait))
                    for held, wait, name in re.findall(row, output, re.M)},
        "exact": "\nExact: " in output,
        "reasons": {reason: int(count.replace(",", "")) for count, reason in reasons},
    }


def all_stock_gils(evidence):
    return [stock_gil(output) for output in evidence.outputs
            if re.search("^(Exact|Sampled): ", output, re.M)]


def pools(evidence):
    said = evidence.outputs[0]
    floats, texts = re.findall(r"5000 \w+: (\d+) pools, neighbours (\d+) bytes apart", said)
    assert int(floats[1]) == 32 and int(texts[1]) == 64, said
    # 5000 blocks of 32 bytes, 510 to a pool of 16 KiB less its header; 255 of 64 bytes.
    assert 10 <= int(floats[0]) <= 13 and 20 <= int(texts[0]) <= 24, said
    assert "pools that hold both: 0" in said, said
    heap = evidence.json("summary", "pools.heap")
    assert heap["pool_count"] > 30, heap
    address = evidence.address(said)
    assert address in evidence.run("show", "pools.heap", address)
    # The same in a stock CPython: 5000 floats of 24 bytes, in nearly full pools of blocks of 32.
    stock = next(output for output in evidence.outputs if "blocks of" in output)
    row = next(line.split() for line in stock.splitlines() if line.split()[:2] == ["32", "B"])
    used, filled = numbers(row[3])[0], numbers(row[5])[0]
    assert used > 5000 and filled > 80, stock


def counts(evidence):
    address = evidence.address(evidence.outputs[1])
    steps = counts_of(life(evidence.events("counts.trace"), address, "Thing"))
    made, alias = (evidence.line_of("counts.py", text) for text in ("data = Thing", "alias = data"))
    dropped, gone = (evidence.line_of("counts.py", text) for text in ("del alias", "del data"))
    assert steps[:3] == [(1, made), (2, alias), (1, dropped)], steps
    assert steps[-1] == (0, gone), steps
    shown = [output for output in evidence.outputs if "refers to" in output]
    assert [counts_shown(output) for output in shown] == [(1, True), (2, True), (1, True)], shown


def freed(evidence):
    said = evidence.outputs[0].splitlines()
    assert said[1:] == ["before del", "   freed: outer", "   freed: inner", "after del"], said
    address = evidence.address(said[0])
    events = evidence.events("freed.trace")
    mine = life(events, address, "Box")
    line = evidence.line_of("freed.py", "del box")
    to_zero, free = [event for event in mine if event["event"] == "decref"][-1], mine[-1]
    assert counts_of(mine)[-1] == (0, line), mine
    assert free["line"] == line and free["tid"] == to_zero["tid"], mine
    between = [event for event in events if to_zero["seq"] <= event["seq"] <= free["seq"]]
    assert not any(event["event"] == "gc_start" for event in between), "a collection ran"
    before, watched, after = evidence.outputs[-4:-1]
    assert re.search(r"^2\t.*Box$", before, re.M) and "Box" not in after, (before, after)
    if "the kernel does not permit" not in watched:
        assert "0 increments and 1 decrements" in watched, watched
        assert "then it was freed" in watched, watched


def cycle(evidence):
    said = evidence.outputs[0]
    assert "nobody can reach it; alive: True" in said, said
    assert "1000 new containers later; alive: False" in said, said
    events = evidence.events("cycle.trace")
    mine = life(events, evidence.address(said), "Node")
    start = [event for event in events
             if event["event"] == "gc_start" and event["seq"] < mine[-1]["seq"]][-1]
    done = next(event for event in events
                if event["event"] == "gc_done" and event["seq"] > start["seq"])
    assert start["seq"] < mine[-1]["seq"] < done["seq"], "it was not freed by a collection"
    assert start["generation"] == 0 and start["reason"] == 0, start
    assert done["collected"] >= 2, done
    before = counts_of(event for event in mine if event["seq"] < start["seq"])
    assert before[-1][0] == 1, "the other node still counts"
    waiting, gone = [output for output in evidence.outputs if "CPython 3" in output]
    assert "__main__.Node .other -> __main__.Node .other -> back" in waiting, waiting
    assert "__main__.Node" not in gone, gone


def generations(evidence):
    said = evidence.outputs[0]
    survived = re.findall(r"generation (\d)", said)
    assert survived == ["0", "1", "2", "2"], said
    events = evidence.events("generations.trace", "gc_start", "gc_promote", "gc_done")
    asked = [event for event in events if event["event"] == "gc_start" and event["reason"] == 1]
    assert [event["generation"] for event in asked][:3] == [0, 1, 2], asked
    moves = {(event["from"], event["to"]) for event in events if event["event"] == "gc_promote"}
    assert moves == {(0, 1), (1, 2), (2, 2)}, moves
    young, middle, old = numbers(said[said.index("collections:"):])[:3]
    assert young > 100 and 8 <= young / middle <= 14, said
    assert old < middle / 2, said
    # Generation 1 is next when generation 0 was collected more than ten times.
    by_itself = "".join(str(event["generation"]) for event in events
                        if event["event"] == "gc_start" and event["reason"] == 0)
    gaps = [len(run) for run in by_itself.replace("2", "1").split("1")]
    assert gaps.count(11) >= 8, gaps
    shown = [re.search(r"collector +generation (\d)", output) for output in evidence.outputs]
    assert [found[1] for found in shown if found] == ["0", "1", "2"], evidence.outputs


def allocs(evidence):
    """parse makes more bytes than remember; what stays is all from remember."""
    made, stays = evidence.outputs[1:3]
    line_of = functools.partial(evidence.line_of, "allocs.py")
    places = {name: f"allocs.py:{line_of(text)}"
              for name, text in (("parse", "text.split"), ("remember", "HISTORY.append"))}
    rows = [line for line in made.splitlines()[3:] if "allocs.py:" in line]
    assert rows[0].endswith(f"parse  {places['parse']}"), made
    rows = [line for line in stays.splitlines()[3:] if "allocs.py:" in line]
    assert rows[0].endswith(f"remember  {places['remember']}"), stays
    answer = evidence.json("allocs", "allocs.trace", "-n", "1000")
    rows = {row["function"]: row for row in answer["rows"] if row["line"] in (
        line_of("text.split"), line_of("HISTORY.append"))}
    requests = rows["remember"]["allocs"]
    assert rows["parse"]["allocs"] == 8 * requests, rows
    assert rows["parse"]["peak_bytes"] < 2000 < rows["remember"]["peak_bytes"], rows
    half = evidence.json("allocs", "allocs.trace@0.5s", "-n", "1000", "--by", "function")
    rows = {row["function"]: row for row in half["rows"]}
    assert rows["remember"]["leaked"] == rows["remember"]["allocs"], rows
    folded = next(output for output in evidence.outputs if output.startswith("<module>"))
    assert folded.rpartition(" ")[0].endswith(places["remember"]), folded
    stock = evidence.outputs[-2]
    assert "! 1  __main__.HISTORY -> list" in stock and "a list that only grows" in stock, stock


def reuse(evidence):
    full, holes, refilled = (evidence.json("summary", f"{stage}.heap")
                             for stage in ("full", "holes", "refilled"))
    said = [output for output in evidence.outputs if "ready" in output.splitlines()]
    assert all("the next float takes the block of the last: True" in text for text in said), said
    left, pools_left, pools_all = numbers(said[1].splitlines()[1])[-3:]
    assert left == 1600 and pools_left == pools_all > 780, said
    # Next to nothing is used, and next to nothing is given back.
    held = 400_000 * 32
    assert full["free_block_bytes"] < 0.1 * held, full
    assert holes["free_block_bytes"] > 0.9 * held, holes
    assert holes["pool_count"] - holes["free_pool_count"] > 780, holes
    assert numbers(said[2].splitlines()[2]) == [300_000, 0], said
    assert refilled["free_block_bytes"] < 0.35 * held, refilled
    stock = next(output for output in evidence.outputs
                 if "free blocks in used pools" in output and "CPython" in output)
    free = re.search(r"([\d.]+) MiB +[\d.]+ % +free blocks in used pools", stock)
    assert free and float(free[1]) * 2**20 > 0.9 * held, stock


def holds(events):
    """(tid, gil_seq, reason, held_ns) of every time the GIL was held, in order."""
    found, open_since = [], None
    for event in events:
        if event["event"] == "gil_acquire":
            assert open_since is None, f"two hold the GIL: {event}"
            open_since = event
        elif event["event"] == "gil_release" and open_since:
            assert event["tid"] == open_since["tid"], f"released by another: {event}"
            assert event["gil_seq"] == open_since["gil_seq"], event
            found.append((event["tid"], event["gil_seq"], event["reason"], event["held_ns"]))
            open_since = None
    return found


def mutex(evidence):
    found = holds(evidence.events("mutex.trace", "gil_acquire", "gil_release"))
    assert len({tid for tid, _, _, _ in found}) == 4, found
    numbers_of_holds = [number for _, number, _, _ in found]
    assert numbers_of_holds == sorted(set(numbers_of_holds)), "a turn is counted twice"
    gil = evidence.json("gil", "mutex.trace")
    assert gil["held_ns"] <= gil["window_ns"], gil
    stock, = all_stock_gils(evidence)
    workers = {name: shares for name, shares in stock["threads"].items() if "worker" in name}
    assert sorted(workers) == ["worker-0", "worker-1", "worker-2"], stock
    assert sum(held for held, _ in stock["threads"].values()) < 101, stock
    assert stock["held"] > 30 and all(0 < held < 90 for held, _ in workers.values()), stock
    assert all(wait > 0 for _, wait in workers.values()), stock


def interval(evidence):
    usual = []
    for trace, seconds in ("short.trace", 0.001), ("long.trace", 0.02):
        found = holds(evidence.events(trace, "gil_acquire", "gil_release"))
        asked = [held for _, _, reason, held in found if reason == "interval"]
        assert len(asked) >= 3, f"{trace}: {found}"
        usual.append(statistics.median(asked))
        # Nobody asks before one interval of waiting is over.
        assert usual[-1] > 0.8e9 * seconds, f"{trace}: {asked}"
    assert usual[1] > 1.5 * usual[0], usual
    short, long = all_stock_gils(evidence)
    # A turn is 20 ms at least in the second. In the first it is as long as a busy machine makes it.
    assert short["changes"] > 2 and 60 >= long["changes"] > 2, (short, long)
    for stock in filter(lambda stock: stock["exact"], (short, long)):
        assert stock["reasons"]["interval"] > 0.8 * sum(stock["reasons"].values()), stock


def checkinterval(evidence):
    short, long = (numbers(evidence.outputs[at]) for at in (0, 1))
    # No clock: ten times the instructions are ten times the rounds, on any machine.
    assert 8 <= long[1] / short[1] <= 12, (short, long)
    assert 6 <= short[0] / long[0] <= 14, (short, long)
    events = evidence.events("checkinterval.trace", "gil_request", "gil_release")
    assert not any(event["event"] == "gil_request" for event in events), "somebody asked by time"
    assert sum(event.get("reason") == "interval" for event in events) > 50


def cpu_bound(evidence):
    said = evidence.outputs[0]
    alone, together = (numbers(line) for line in said.splitlines()
                       if "cores busy" in line)
    (wall_alone, cpu_alone, _), (wall, cpu, busy) = alone, together
    assert busy < 1.25, said             # never two cores, whatever the number of threads
    assert cpu > 0.4 * cpu_alone, said   # the work has not become less
    assert wall > 0.4 * cpu_alone, said  # so the clock cannot show less either
    gil = evidence.json("gil", "cpu_bound.trace")
    workers = [thread for thread in gil["threads"] if thread["name"].startswith("count")]
    assert len(workers) == 4 and all(thread["wait_ns"] for thread in workers), gil
    said = next(output for output in evidence.outputs[1:] if "cores busy" in output)
    (_, cpu_alone, _), (wall, cpu, busy) = map(numbers, said.splitlines())
    assert busy < 1.25 and min(cpu, wall) > 0.4 * cpu_alone, said
    stock, = all_stock_gils(evidence)
    counters = [shares for name, shares in stock["threads"].items() if "count" in name]
    assert len(counters) == 4 and all(wait > 5 for _, wait in counters), stock
    assert stock["held"] > 30 and sum(held for held, _ in counters) < 101, stock
    holds(evidence.events("cpu_bound.trace", "gil_acquire", "gil_release"))


def released(evidence):
    events = evidence.events("released.trace", "gil_release", "gil_acquire")
    line = evidence.line_of("released.py", "source.read")
    counting = evidence.line_of("released.py", "total += number")
    inside, most, reasons = set(), 0, {line: set(), counting: set()}
    for event in events:
        if event["event"] == "gil_release":
            if event["line"] in reasons:
                reasons[event["line"]].add(event["reason"])
            if event["line"] == line and event["reason"] == "blocking":
                inside.add(event["tid"])
        else:
            inside.discard(event["tid"])
        most = max(most, len(inside))
    assert most == 2, f"{most} threads read at the same time"
    assert "blocking" in reasons[line] and reasons[counting] <= {"interval"}, reasons
    stock = evidence.outputs[-2]
    share = re.search(r"GIL held (\d+) % of", stock)
    assert share and int(share[1]) < 50, stock
    assert "compress-0" in stock and "compress-1" in stock, stock


def processes(evidence):
    ps = [output.splitlines() for output in evidence.outputs if "version" in output]
    assert sum(" brille " in line and "processes.py" in line for line in ps[0]) >= 2, ps
    assert sum(" cpython " in line and "forked.py" in line for line in ps[1]) >= 2, ps
    held = next(output for output in evidence.outputs if "two.txt" in output)
    shares = [int(share) for share in re.findall(r"GIL held (\d+) %", held)]
    assert len(shares) == 2 and sum(shares) > 150, held
    lists = [int(numbers(output.splitlines()[1].split("refers to")[1])[0])
             for output in evidence.outputs if "refers to" in output]
    assert lists == [10_000, 10_500], evidence.outputs


def io_bound(evidence):
    alone, together = (numbers(line)[-1] for line in
                       (line.split(":")[1] for line in evidence.outputs[0].splitlines()[:2]
                        if " s" in line))
    assert alone > 1.19 and 0.29 < together < 0.75 * alone, evidence.outputs[0]
    events = evidence.events("io_bound.trace", "gil_release", "gil_acquire")
    line = evidence.line_of("io_bound.py", "time.sleep")
    asleep, most = set(), 0
    for event in events:
        if event["event"] == "gil_release" and event["reason"] == "blocking":
            if event["line"] == line:
                asleep.add(event["tid"])
        elif event["event"] == "gil_acquire":
            asleep.discard(event["tid"])
        most = max(most, len(asleep))
    assert most == 4, f"{most} threads slept at the same time"
    stock, = all_stock_gils(evidence)
    assert stock["held"] < 20 and stock["reasons"].get("interval", 0) < 5, stock
    stacks = next(output for output in evidence.outputs if "fetch-0  thread" in output)
    assert "nobody holds the GIL" in stacks and stacks.count("sleep") == 4, stacks
