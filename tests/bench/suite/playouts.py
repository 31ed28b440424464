"""Random games of capture-go on a small board: groups, liberties, backtracking over neighbours."""
import random

SIZE = 9
EMPTY, BLACK, WHITE = 0, 1, 2


def neighbours_of(at):
    x, y = at % SIZE, at // SIZE
    if x > 0:
        yield at - 1
    if x < SIZE - 1:
        yield at + 1
    if y > 0:
        yield at - SIZE
    if y < SIZE - 1:
        yield at + SIZE


NEIGHBOURS = [tuple(neighbours_of(i)) for i in range(SIZE * SIZE)]


class Board:
    def __init__(self):
        self.cells = [EMPTY] * (SIZE * SIZE)
        self.empty = set(range(SIZE * SIZE))
        self.captured = {BLACK: 0, WHITE: 0}
        self.ko = -1

    def group(self, at):
        colour = self.cells[at]
        stones, liberties, todo = {at}, set(), [at]
        while todo:
            for n in NEIGHBOURS[todo.pop()]:
                cell = self.cells[n]
                if cell == EMPTY:
                    liberties.add(n)
                elif cell == colour and n not in stones:
                    stones.add(n)
                    todo.append(n)
        return stones, liberties

    def is_eye(self, at, colour):
        return all(self.cells[n] == colour for n in NEIGHBOURS[at])

    def play(self, at, colour):
        if at == self.ko or self.is_eye(at, colour):
            return False
        other = BLACK + WHITE - colour
        self.cells[at] = colour
        self.ko = -1
        taken = set()
        for n in NEIGHBOURS[at]:
            if self.cells[n] == other and n not in taken:
                stones, liberties = self.group(n)
                if not liberties:
                    taken |= stones
        if not taken and not self.group(at)[1]:
            self.cells[at] = EMPTY
            return False
        self.empty.discard(at)
        for stone in taken:
            self.cells[stone] = EMPTY
            self.empty.add(stone)
        self.captured[colour] += len(taken)
        if len(taken) == 1:
            self.ko = next(iter(taken))
        return True


def playout(rng):
    board, colour, passes, moves = Board(), BLACK, 0, 0
    while passes < 2 and moves < 160:
        choices = sorted(board.empty)
        rng.shuffle(choices)
        if any(board.play(at, colour) for at in choices[:12]):
            passes = 0
        else:
            passes += 1
        moves += 1
        colour = BLACK + WHITE - colour
    return board.captured[BLACK] - board.captured[WHITE] + board.cells.count(BLACK), moves


rng = random.Random(7)
results = [playout(rng) for _ in range(25)]
print(sum(score for score, _ in results), sum(moves for _, moves in results))
