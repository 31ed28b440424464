"""Fast Fourier transform in place, there and back, over a list of interleaved floats."""
import math


def transform(data, sign):
    n = len(data) // 2
    j = 0
    for i in range(n - 1):
        if i < j:
            a, b = 2 * i, 2 * j
            data[a], data[b] = data[b], data[a]
            data[a + 1], data[b + 1] = data[b + 1], data[a + 1]
        k = n >> 1
        while k <= j:
            j -= k
            k >>= 1
        j += k
    dual = 1
    while dual < n:
        theta = sign * math.pi / dual
        sine, half = math.sin(theta), math.sin(theta / 2.0)
        step = 2.0 * half * half
        w_real, w_imag = 1.0, 0.0
        for a in range(dual):
            for b in range(a, n, 2 * dual):
                i, j = 2 * b, 2 * (b + dual)
                x, y = data[j], data[j + 1]
                real, imag = w_real * x - w_imag * y, w_real * y + w_imag * x
                data[j] = data[i] - real
                data[j + 1] = data[i + 1] - imag
                data[i] += real
                data[i + 1] += imag
            w_real, w_imag = (
                w_real - sine * w_imag - step * w_real,
                w_imag + sine * w_real - step * w_imag,
            )
        dual *= 2


data = [math.sin(i * i) for i in range(2 * 4096)]
before = list(data)
for _ in range(2):
    transform(data, -1)
    transform(data, 1)
    data = [x / 4096 for x in data]
assert max(abs(a - b) for a, b in zip(data, before)) < 1e-9
transform(data, -1)
print(f"{sum(abs(x) for x in data):.4f}")
