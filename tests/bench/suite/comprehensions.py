"""Comprehensions over records: lists, sets, dicts, nested and filtered, with attributes and calls."""
from dataclasses import dataclass


@dataclass
class Widget:
    number: int
    kind: str
    parts: list
    creator: str

    def is_large(self):
        return len(self.parts) > 2


widgets = [
    Widget(i, ("big", "small", "odd")[i % 3], list(range(i % 5)), f"user{i % 11}") for i in range(500)
]


def report(widgets):
    by_creator = {c: [w for w in widgets if w.creator == c] for c in {w.creator for w in widgets}}
    large = {c: sum(w.number for w in ws if w.is_large()) for c, ws in by_creator.items()}
    parts = [p * w.number for w in widgets for p in w.parts if p % 2]
    pairs = {(w.kind, len(w.parts)) for w in widgets}
    kinds = {kind: sorted({w.number % 10 for w in widgets if w.kind == kind}) for kind, _ in pairs}
    return sum(large.values()) + sum(parts) + len(pairs) + sum(map(sum, kinds.values()))


print(sum(report(widgets) for _ in range(60)))
