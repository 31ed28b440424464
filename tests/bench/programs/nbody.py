def combinations(items):
    result = []
    for i in range(len(items) - 1):
        for other in items[i + 1:]:
            result.append((items[i], other))
    return result


PI = 3.14159265358979323
SOLAR_MASS = 4 * PI * PI
DAYS = 365.24
BODIES = {
    "sun": ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0], SOLAR_MASS),
    "jupiter": ([4.84143144246472090, -1.16032004402742839, -0.103622044471123109],
                [0.00166007664274403694 * DAYS, 0.00769901118419740425 * DAYS,
                 -0.0000690460016972063023 * DAYS], 0.000954791938424326609 * SOLAR_MASS),
    "saturn": ([8.34336671824457987, 4.12479856412430479, -0.403523417114321381],
               [-0.00276742510726411035 * DAYS, 0.00499852801234917238 * DAYS,
                0.0000230417297573763929 * DAYS], 0.000285885980666130812 * SOLAR_MASS),
    "uranus": ([12.8943695621391310, -15.1111514016986312, -0.223307578892655734],
               [0.00296460137564761618 * DAYS, 0.00237847173959480950 * DAYS,
                -0.0000296589568540237556 * DAYS], 0.0000436624404335156298 * SOLAR_MASS),
    "neptune": ([15.3796971148509165, -25.9193146099879641, 0.179258772950371181],
                [0.00268067772490389322 * DAYS, 0.00162824170038242295 * DAYS,
                 -0.0000951592254519715870 * DAYS], 0.0000515138902046611451 * SOLAR_MASS),
}
SYSTEM = list(BODIES.values())
PAIRS = combinations(SYSTEM)


def advance(dt, n):
    for _ in range(n):
        for ((p1, v1, m1), (p2, v2, m2)) in PAIRS:
            dx = p1[0] - p2[0]
            dy = p1[1] - p2[1]
            dz = p1[2] - p2[2]
            mag = dt * ((dx * dx + dy * dy + dz * dz) ** -1.5)
            b1 = m1 * mag
            b2 = m2 * mag
            v1[0] -= dx * b2
            v1[1] -= dy * b2
            v1[2] -= dz * b2
            v2[0] += dx * b1
            v2[1] += dy * b1
            v2[2] += dz * b1
        for (r, v, m) in SYSTEM:
            r[0] += dt * v[0]
            r[1] += dt * v[1]
            r[2] += dt * v[2]


def energy():
    e = 0.0
    for ((p1, v1, m1), (p2, v2, m2)) in PAIRS:
        dx = p1[0] - p2[0]
        dy = p1[1] - p2[1]
        dz = p1[2] - p2[2]
        e -= m1 * m2 / (dx * dx + dy * dy + dz * dz) ** 0.5
    for (r, v, m) in SYSTEM:
        e += m * (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]) / 2
    return e


advance(0.01, 25000)
print("%.9f" % energy())
