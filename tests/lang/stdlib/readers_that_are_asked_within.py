# brille only: the reference follows a null pointer here
"""An iterator of lines that asks the csv reader for a row, a readinto() that shrinks its buffer,
a buffer that changes the text over it."""
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


# Text that is initialised again, or detached, by the buffer that it is made over.
class Within(io.BytesIO):
    def readable(self):
        if Within.deeper:
            Within.deeper -= 1
            try:
                text.__init__(Within(b"inner"), encoding="no-such")
            except (LookupError, RuntimeError):
                pass
        return True

    def read1(self, n=-1):
        if Within.detaching:
            Within.detaching = False
            text.detach()
        return super().read1(n)


outcomes = []
for Within.deeper, Within.detaching in (2, False), (0, True):
    text = io.TextIOWrapper.__new__(io.TextIOWrapper)
    try:
        text.__init__(Within(b"a\nb\n"), encoding="utf-8")
        outcomes.append(text.readline())
    except ValueError as e:
        outcomes.append(str(e))
    try:
        text.close()
    except ValueError:
        pass
assert outcomes == ["a\n", "underlying buffer has been detached"], outcomes
