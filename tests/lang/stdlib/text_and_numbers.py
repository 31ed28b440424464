"""textwrap, string, random, statistics, fractions, decimal, datetime, pprint, difflib, shlex."""
import datetime
import decimal
import difflib
import fractions
import pprint
import random
import shlex
import statistics
import string
import textwrap

text = "The quick brown fox jumps over the lazy dog, again and again and again."
print(textwrap.fill(text, 30), textwrap.shorten(text, 25), textwrap.wrap("a" * 50, 20), sep="\n")
print(textwrap.dedent("    a\n      b\n    c\n"), textwrap.indent("x\ny", "> "), sep="|")
print(string.ascii_letters, string.capwords("hello big world"), string.Template("$a ${b} $$").substitute(a=1, b=2))
print(string.Formatter().format("{0} {a:>5} {b!r} {c[0]} {{}}", 1, a=2, b="x", c=[7]), string.Formatter().vformat("{x}", (), {"x": 5}))
random.seed(42)
print(random.random(), random.randint(1, 100), random.choice("abcdef"), random.sample(range(100), 5), random.gauss(0, 1), random.getrandbits(70))
values = list(range(10))
random.shuffle(values)
print(values, random.uniform(1, 2), random.choices([1, 2, 3], [1, 1, 5], k=5), random.Random("text").random())
print(statistics.mean([1, 2, 3, 4]), statistics.median([3, 1, 2]), statistics.stdev([1, 2, 3, 4]), statistics.mode("aab"), statistics.quantiles([1, 2, 3, 4, 5]))
print(fractions.Fraction(3, 4) + fractions.Fraction("1/3"), fractions.Fraction(0.5), fractions.Fraction(22, 7).limit_denominator(3))
decimal.getcontext().prec = 20
print(decimal.Decimal("1.10") + decimal.Decimal(2), decimal.Decimal(1) / 3, decimal.Decimal("0.1").quantize(decimal.Decimal("1.00")), decimal.Decimal(2).sqrt())
d = datetime.datetime(2024, 2, 28, 23, 59, 30, tzinfo=datetime.timezone.utc)
print(d, d + datetime.timedelta(days=2, seconds=45), d.isoformat(), d.strftime("%Y/%m/%d %H:%M:%S %a %b %j"), d.date().weekday(), repr(d))
print(datetime.date.fromisoformat("2024-03-01") - datetime.date(2024, 2, 1), datetime.datetime.fromisoformat("2024-01-02T03:04:05+02:00"),
      datetime.timedelta(hours=25, microseconds=5), datetime.datetime.strptime("12 Jan 2020", "%d %b %Y"))
pprint.pprint({"key": list(range(30)), "other": {"nested": ["x" * 30, "y" * 40]}, "set": {3, 1, 2}})
print("\n".join(difflib.unified_diff("a\nb\nc".split("\n"), "a\nx\nc".split("\n"), lineterm="")), difflib.get_close_matches("appel", ["ape", "apple", "peach"]))
print(shlex.split("a 'b c' \"d e\" f\\ g"), shlex.quote("it's"), shlex.join(["a b", "c"]))
