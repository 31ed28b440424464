"""argparse: building a parser with subcommands, parsing many command lines, its help."""
import argparse


def build():
    parser = argparse.ArgumentParser(prog="tool", description="A tool of many options.")
    parser.add_argument("-v", "--verbose", action="count", default=0)
    parser.add_argument("--colour", choices=["always", "never", "auto"], default="auto")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("add", "remove", "list"):
        sub = commands.add_parser(name, help=f"{name} things")
        sub.add_argument("names", nargs="*", type=str.upper)
        sub.add_argument("-n", "--number", type=int, default=1, help="how many (%(default)s)")
        group = sub.add_mutually_exclusive_group()
        group.add_argument("--fast", action="store_true")
        group.add_argument("--slow", action="store_false", dest="fast")
    return parser


total = 0
for _ in range(10):
    parser = build()
    for i in range(30):
        line = ["-vv", f"--colour={('always', 'never')[i % 2]}", "add", "x", f"name{i}", "-n", str(i)]
        args = parser.parse_args(line + (["--fast"] if i % 3 else []))
        total += args.number + args.verbose + args.fast + len(args.names[1])
    total += len(parser.format_help())
print(total)
