"""Value iteration of a small game with exact fractions, and with floats."""
from fractions import Fraction


def states(limit):
    return [(me, other, turn) for me in range(limit) for other in range(limit) for turn in range(4)]


def iterate(limit, number, rounds):
    win = {s: number(0) for s in states(limit)}
    share = number(1) / number(6)
    for _ in range(rounds):
        new = {}
        for me, other, turn in win:
            stop = number(1) - win[(other, min(me + turn, limit - 1), 0)]
            roll = number(0)
            for face in range(1, 7):
                if face == 1:
                    roll += share * (number(1) - win[(other, me, 0)])
                elif me + turn + face >= limit:
                    roll += share
                else:
                    roll += share * win[(me, other, min(3, turn + face // 2))]
            new[(me, other, turn)] = max(stop, roll)
        win = new
    return sum(win.values())


exact = iterate(4, Fraction, 5)
print(exact.numerator % 1000003, exact.denominator % 1000003, f"{iterate(7, float, 25):.9f}")
