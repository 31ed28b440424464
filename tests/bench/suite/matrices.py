"""Linear algebra over lists of lists: LU with pivots, relaxation, sparse products."""
import array


def lu(a):
    n, pivots = len(a), []
    for j in range(n):
        p = max(range(j, n), key=lambda i: abs(a[i][j]))
        pivots.append(p)
        if p != j:
            a[j], a[p] = a[p], a[j]
        row = a[j]
        for i in range(j + 1, n):
            other = a[i]
            other[j] = factor = other[j] / row[j]
            for k in range(j + 1, n):
                other[k] -= factor * row[k]
    return pivots


def relax(omega, g, rounds):
    quarter, rest = omega * 0.25, 1.0 - omega
    for _ in range(rounds):
        for i in range(1, len(g) - 1):
            above, row, below = g[i - 1], g[i], g[i + 1]
            for j in range(1, len(row) - 1):
                row[j] = quarter * (above[j] + below[j] + row[j - 1] + row[j + 1]) + rest * row[j]


def sparse(n, each, rounds):
    values = array.array("d", [1.0 / (i + 1) for i in range(n * each)])
    columns = array.array("i", [(i * 131) % n for i in range(n * each)])
    x = array.array("d", [i / n for i in range(n)])
    y = array.array("d", [0.0]) * n
    for _ in range(rounds):
        for row in range(n):
            total = 0.0
            for i in range(row * each, row * each + each):
                total += x[columns[i]] * values[i]
            y[row] = total
    return y


a = [[((i * 37 + j * 101) % 97) / 97 + (i == j) for j in range(60)] for i in range(60)]
pivots = lu(a)
grid = [[((i * j) % 13) / 13 for j in range(50)] for i in range(50)]
relax(1.25, grid, 25)
y = sparse(400, 6, 25)
print(sum(pivots), f"{sum(map(sum, a)):.6f} {sum(map(sum, grid)):.6f} {sum(y):.6f}")
