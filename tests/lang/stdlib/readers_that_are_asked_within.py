# brille only: the reference follows a null pointer here
"""An iterator of lines that asks the csv reader for a row, a readinto() that shrinks its buffer."""
import csv
import io


class Lines:
    calls = 0

    def __iter__(self):
        return self

    def __next__(self):
        self.calls += 1
        if self.calls == 1:
            next(self.reader)
        return "a,b"


lines = Lines()
lines.reader = csv.reader(lines)
try:
    next(lines.reader)
    raise SystemExit("no error")
except csv.Error as e:
    assert str(e) == "iterator has already advanced the reader", e
assert next(lines.reader) == ["a", "b"]


class Emptying(io.RawIOBase):
    def readable(self):
        return True

    def readinto(self, buffer):
        buffer.clear()
        return 500_000


try:
    Emptying().read(500_000)
    raise SystemExit("no error")
except ValueError as e:
    assert str(e) == "readinto returned 500000 outside buffer size 0", e
