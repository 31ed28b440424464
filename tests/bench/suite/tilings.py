"""All ways to tile a board with pentominoes, as bit masks: placements by the lowest free cell."""
WIDTH, HEIGHT = 5, 8
SHAPES = {
    "I": "11111", "L": "1111 1000", "P": "111 110", "U": "111 101", "V": "111 100 100",
    "Y": "1111 0100", "N": "1110 0011", "W": "110 011 001", "T": "111 010 010", "Z": "110 010 011",
}
ORDER = "ILPUVYNT"


def turns(shape):
    rows = shape.split()
    cells = {(y, x) for y, row in enumerate(rows) for x, c in enumerate(row) if c == "1"}
    seen = set()
    for flip in (False, True):
        for _ in range(4):
            cells = {(x, -y) for y, x in cells}
            top, left = min(y for y, _ in cells), min(x for _, x in cells)
            seen.add(frozenset((y - top, x - left) for y, x in cells))
        cells = {(y, -x) for y, x in cells}
    return seen


def placements():
    by_lowest = [[[] for _ in ORDER] for _ in range(WIDTH * HEIGHT)]
    for piece, name in enumerate(ORDER):
        for cells in sorted(turns(SHAPES[name]), key=sorted):
            h, w = max(y for y, _ in cells) + 1, max(x for _, x in cells) + 1
            for y in range(HEIGHT - h + 1):
                for x in range(WIDTH - w + 1):
                    mask = sum(1 << ((cy + y) * WIDTH + cx + x) for cy, cx in cells)
                    by_lowest[(mask & -mask).bit_length() - 1][piece].append(mask)
    return by_lowest


def solve(board, free, by_lowest, path, found):
    if not free:
        found.append(tuple(path))
        return 1
    tried = 1
    lowest = (~board & (board + 1)).bit_length() - 1
    for piece in range(len(ORDER)):
        if free >> piece & 1:
            for mask in by_lowest[lowest][piece]:
                if not board & mask:
                    path.append(mask)
                    tried += solve(board | mask, free & ~(1 << piece), by_lowest, path, found)
                    path.pop()
    return tried


found = []
tried = solve(0, (1 << len(ORDER)) - 1, placements(), [], found)
print(tried, len(found), sum(path[0] for path in found) % 1000003)
