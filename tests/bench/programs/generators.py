def numbers(n):
    for i in range(n):
        yield i


def scaled(source, factor):
    for value in source:
        yield value * factor


def windows(source, size):
    window = []
    for value in source:
        window.append(value)
        if len(window) == size:
            yield tuple(window)
            window = window[1:]


total = 0
for w in windows(scaled(numbers(240000), 3), 4):
    total += w[0] + w[-1]
total += sum(x * x for x in numbers(300000) if x & 1)
print(total)
