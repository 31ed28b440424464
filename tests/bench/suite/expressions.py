"""A tokenizer, a parser by precedence, and an optimiser over a tree: match statements, dataclasses, regex."""
import re
from dataclasses import dataclass

TOKEN = re.compile(r"\s*(?:(?P<number>\d+)|(?P<name>[a-z]\w*)|(?P<op>\*\*|[-+*/()<>,]))")
BINDS = {"<": 1, ">": 1, "+": 2, "-": 2, "*": 3, "/": 3, "**": 4}


@dataclass(frozen=True)
class Number:
    value: int


@dataclass(frozen=True)
class Name:
    text: str


@dataclass(frozen=True)
class Binary:
    op: str
    left: object
    right: object


@dataclass(frozen=True)
class Call:
    name: str
    args: tuple


class Parser:
    def __init__(self, text):
        self.tokens = [(m.lastgroup, m[m.lastgroup]) for m in TOKEN.finditer(text)] + [("end", "")]
        self.at = 0

    def take(self):
        token = self.tokens[self.at]
        self.at += 1
        return token

    def atom(self):
        match self.take():
            case ("number", digits):
                return Number(int(digits))
            case ("name", text) if self.tokens[self.at][1] == "(":
                self.at += 1
                args = []
                while self.tokens[self.at][1] != ")":
                    args.append(self.expression(0))
                    self.at += self.tokens[self.at][1] == ","
                self.at += 1
                return Call(text, tuple(args))
            case ("name", text):
                return Name(text)
            case ("op", "("):
                inner = self.expression(0)
                self.at += 1
                return inner
        raise SyntaxError

    def expression(self, limit):
        left = self.atom()
        while (binds := BINDS.get(self.tokens[self.at][1], 0)) > limit:
            op = self.take()[1]
            left = Binary(op, left, self.expression(binds - (op == "**")))
        return left


def fold(node):
    match node:
        case Binary("*", Number(0), _) | Binary("*", _, Number(0)):
            return Number(0)
        case Binary(op, left, right):
            left, right = fold(left), fold(right)
            match op, left, right:
                case "+", Number(a), Number(b):
                    return Number(a + b)
                case "-", Number(a), Number(b):
                    return Number(a - b)
                case "*", Number(a), Number(b):
                    return Number(a * b)
                case "+", other, Number(0):
                    return other
            return Binary(op, left, right)
        case Call(name, args):
            return Call(name, tuple(map(fold, args)))
    return node


def show(node):
    match node:
        case Number(value):
            return str(value)
        case Name(text):
            return text
        case Binary(op, left, right):
            return f"({show(left)} {op} {show(right)})"
        case Call(name, args):
            return f"{name}({', '.join(map(show, args))})"


total = 0
for i in range(500):
    text = f"a{i} + 2 * (3 + {i}) - f(x, y*{i % 5}, 4 - 4) ** 2 ** n / (b + 0) < {i} * 0 + g(h(1 + 2))"
    total += sum(map(ord, show(fold(Parser(text).expression(0)))))
print(total)
