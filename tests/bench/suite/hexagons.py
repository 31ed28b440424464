"""A puzzle solver on a hexagonal board: numbered tiles must touch as many tiles as they say. Candidate
sets are narrowed, then the cell with the fewest is tried."""


class Board:
    def __init__(self, radius):
        cells = [
            (q, r)
            for q in range(-radius, radius + 1)
            for r in range(-radius, radius + 1)
            if abs(q + r) <= radius
        ]
        index = {cell: i for i, cell in enumerate(cells)}
        steps = ((1, 0), (0, 1), (-1, 1), (-1, 0), (0, -1), (1, -1))
        self.links = [
            [index[(q + dq, r + dr)] for dq, dr in steps if (q + dq, r + dr) in index]
            for q, r in cells
        ]
        self.size = len(cells)


class Solver:
    def __init__(self, board, tiles):
        self.board = board
        self.tiles = list(tiles)  # how many of each number; 7 is "no tile"
        self.tries = 0
        self.solutions = []

    def possible(self, state, at, value):
        full = unknown = 0
        for n in self.board.links[at]:
            if state[n] is None:
                unknown += 1
            elif state[n] != 7:
                full += 1
        return value == 7 or full <= value <= full + unknown

    def consistent(self, state, at):
        return all(
            state[n] is None or self.possible(state, n, state[n])
            for n in [at, *self.board.links[at]]
        )

    def choose(self, state):
        best, best_values = None, None
        for at in range(self.board.size):
            if state[at] is None:
                values = [
                    v for v in range(8) if self.tiles[v] and self.possible(state, at, v)
                ]
                if best is None or len(values) < len(best_values):
                    best, best_values = at, values
                    if len(values) < 2:
                        break
        return best, best_values

    def solve(self, state, limit):
        self.tries += 1
        at, values = self.choose(state)
        if at is None:
            self.solutions.append(tuple(state))
            return
        for value in values:
            if len(self.solutions) >= limit or self.tries > 2600:
                return
            state[at] = value
            self.tiles[value] -= 1
            if self.consistent(state, at):
                self.solve(state, limit)
            self.tiles[value] += 1
            state[at] = None


solver = Solver(Board(2), [0, 0, 3, 4, 3, 2, 1, 6])
solver.solve([None] * solver.board.size, 40)
print(solver.tries, len(solver.solutions), hash(tuple(solver.solutions)) & 0xFFFFFF)
