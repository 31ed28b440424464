"""csv: dialects, quoting, multi-line fields, numbers, and messages."""
import csv
import io


def t(f):
    try:
        print(f())
    except Exception as e:
        print(type(e).__name__, e)


def write(row, **kw):
    out = io.StringIO()
    csv.writer(out, **kw).writerow(row)
    return repr(out.getvalue())


for row in ([1, "a", None, 2.5], ["a,b", 'q"q', "line\nbreak"], [""], [], ["", ""], [None], ["é", "x y"]):
    for quoting in range(4):
        t(lambda: write(row, quoting=quoting))
        t(lambda: write(row, quoting=quoting, escapechar="\\"))
        t(lambda: write(row, quoting=quoting, escapechar="\\", doublequote=False))
        t(lambda: write(row, quoting=quoting, delimiter=";", lineterminator="!"))
t(lambda: write(5))
t(lambda: csv.writer(None))
t(lambda: csv.writer(io.StringIO(), delimiter="ab"))
t(lambda: csv.writer(io.StringIO(), delimiter=None))
t(lambda: csv.writer(io.StringIO(), quotechar=None, quoting=1))
t(lambda: csv.writer(io.StringIO(), quotechar=1))
t(lambda: csv.writer(io.StringIO(), quoting=9))
t(lambda: csv.writer(io.StringIO(), quoting="x"))
t(lambda: csv.writer(io.StringIO(), lineterminator=None))
t(lambda: csv.writer(io.StringIO(), lineterminator=5))
t(lambda: csv.writer(io.StringIO(), dialect="nope"))
t(lambda: csv.writer())
t(lambda: csv.reader())
t(lambda: csv.reader(5))
for text in ("a,b,c", "a,,\r\n\r\n1", '"a ""b"", c",d', '"multi\nline",2\n3', "a\\,b,c", " a, b", '"a"b,c', '1,"2",x',
             "a\rb", '"open', "a,b\\", "\n\n", "'x','y'"):
    for kw in ({}, {"escapechar": "\\"}, {"skipinitialspace": True}, {"strict": True},
               {"quoting": csv.QUOTE_NONNUMERIC}, {"quoting": csv.QUOTE_NONE}, {"quotechar": "'"}):
        t(lambda: list(csv.reader(io.StringIO(text, newline=""), **kw)))
t(lambda: list(csv.reader([b"a"])))
t(lambda: csv.field_size_limit(3))
t(lambda: list(csv.reader(["abc", "abcd"])))
t(lambda: csv.field_size_limit(100000))
t(lambda: csv.field_size_limit("x"))
t(lambda: sorted(csv.list_dialects()))


class Pipes(csv.excel):
    delimiter = "|"


csv.register_dialect("pipes", Pipes)
csv.register_dialect("dots", "pipes", delimiter=".")
t(lambda: list(csv.reader(["a|b.c"], "pipes")) + list(csv.reader(["a|b.c"], "dots")))
d = csv.get_dialect("dots")
print(d.delimiter, d.quotechar, d.escapechar, d.doublequote, d.quoting, d.strict, repr(d.lineterminator))
csv.unregister_dialect("dots")
t(lambda: csv.unregister_dialect("dots"))
t(lambda: csv.get_dialect("dots"))
t(lambda: csv.register_dialect(5))
t(lambda: setattr(d, "delimiter", "x"))
r = csv.reader(["a,b", '"c', 'd"'])
print(next(r), r.line_num, next(r), r.line_num, r.dialect.delimiter, type(r).__name__)
rows = list(csv.DictReader(io.StringIO("x,y\n1,2\n3,4,5\n6\n")))
print(rows)
out = io.StringIO()
w = csv.DictWriter(out, ["x", "y"])
w.writeheader()
w.writerows([{"x": 1, "y": "two, three"}, {"x": 4}])
print(repr(out.getvalue()))
t(lambda: w.writerow({"z": 1}))
s = csv.Sniffer().sniff("a;b;c\n1;2;3\n4;5;6\n")
print(s.delimiter, csv.Sniffer().has_header("name;age\nx;1\ny;2\n"))
