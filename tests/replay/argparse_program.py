"""A program that uses the library: a command line with subcommands, read many times."""
import argparse
import time


def make():
    parser = argparse.ArgumentParser(prog="tool", description="A tool.", exit_on_error=False)
    parser.add_argument("--verbose", "-v", action="count", default=0)
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="adds numbers")
    add.add_argument("numbers", nargs="+", type=int)
    show = commands.add_parser("show")
    show.add_argument("--format", choices=["json", "text"], default="text")
    show.add_argument("name")
    return parser


end = time.monotonic() + 2
parsers = []
while time.monotonic() < end:
    parser = make()
    assert sum(parser.parse_args(["-vv", "add", "1", "2", "3"]).numbers) == 6
    assert parser.parse_args(["show", "--format", "json", "x"]).format == "json"
    try:
        parser.parse_args(["nothing"])
    except argparse.ArgumentError as e:
        failed = str(e)
    parsers.append(parser.format_help())
    del parsers[:-3]
