"""An independent replayer: from the events of a trace, as ndjson has them, back to a heap.

It shares nothing with the one in C but the meaning of the events: after alloc the count is 1 and the
object is not tracked; each later change is one incref or decref; gc_promote moves all tracked
objects of generations up to `from`; a baseline is adopted where the trace began in a running
process, and compared everywhere else. Whatever contradicts itself is a Failure.
"""
import json

from capture_support import Failure


class Replay:
    def __init__(self):
        self.objects = {}  # address -> [type, module, size, refcount, generation]
        self.known = False
        self.adopting = self.comparing = False
        self.compared = 0

    def find(self, event):
        found = self.objects.get(event["address"])
        if found is None:
            raise Failure(f"event about no object: {event}")
        return found

    def on_alloc(self, event):
        if event["address"] in self.objects:
            raise Failure(f"alloc where an object lives: {event}")
        self.objects[event["address"]] = [event["type"], event["module"], event["size"], 1, None]

    def on_free(self, event):
        self.find(event)
        del self.objects[event["address"]]

    def on_incref(self, event):
        self.find(event)[3] += 1

    def on_decref(self, event):
        found = self.find(event)
        found[3] -= 1
        if found[3] < 0:
            raise Failure(f"count below zero: {event}")

    def on_resize(self, event):
        self.find(event)[2] = event["size"]

    def on_retype(self, event):
        self.find(event)[:2] = [event["type"], event["module"]]

    def on_gc_track(self, event):
        self.find(event)[4] = event["generation"]

    def on_gc_untrack(self, event):
        self.find(event)[4] = None

    def on_gc_promote(self, event):
        for found in self.objects.values():
            if isinstance(found[4], int) and found[4] <= event["from"]:
                found[4] = event["to"]

    def on_gc_freeze(self, event):
        for found in self.objects.values():
            if event["frozen"] and isinstance(found[4], int):
                found[4] = "permanent"
            elif not event["frozen"] and found[4] == "permanent":
                found[4] = 2

    def on_snapshot(self, event):
        row = [event["type"], event["module"], event["size"], event["refcount"],
               event["generation"]]
        if self.adopting:
            self.objects[event["address"]] = row
        elif self.comparing:
            self.compared += 1
            if self.objects.get(event["address"]) != row:
                raise Failure(f"baseline has {row}, replay {self.objects.get(event['address'])}")

    def on_meta(self, event):
        if event["what"] == "baseline_begin":
            self.adopting, self.comparing, self.compared = not self.known, self.known, 0
        elif event["what"] == "baseline_end":
            if self.comparing and self.compared != len(self.objects):
                raise Failure(f"baseline of {self.compared} objects, replay {len(self.objects)}")
            self.known, self.adopting, self.comparing = True, False, False

    def on_dropped(self, event):
        raise Failure(f"events were lost: {event}")


def replay(path, until):
    """The heap before position `until`: address -> [type, module, size, refcount, generation]."""
    model = Replay()
    with open(path, encoding="utf-8") as lines:
        head = json.loads(next(lines))
        model.known = head["origin"] == "birth"
        for line in lines:
            event = json.loads(line)
            if event["seq"] >= until:
                break
            handler = getattr(model, "on_" + event["event"], None)
            if handler and (model.known or event["event"] in ("meta", "snapshot")):
                handler(event)
    return {int(address, 16): row for address, row in model.objects.items()}


def mortal(heap):
    return {address: [o["type"], o["module"], o["size"], o["refcount"], o["generation"]]
            for address, o in heap.objects.items() if not o["immortal"]}


def compare(name, captured, replayed):
    missing = [a for a in captured if a not in replayed]
    extra = [a for a in replayed if a not in captured]
    differ = [a for a in captured if a in replayed and captured[a] != replayed[a]]
    if missing or extra or differ:
        shown = [f"  {a:#x} captured {captured[a]}, not replayed" for a in missing[:5]]
        shown += [f"  {a:#x} replayed {replayed[a]}, not captured" for a in extra[:5]]
        shown += [f"  {a:#x} captured {captured[a]}, replayed {replayed[a]}" for a in differ[:10]]
        raise Failure(f"{name}: {len(missing)} missing, {len(extra)} too many, {len(differ)} differ"
                      f" of {len(captured)}\n" + "\n".join(shown))
