class Variable:
    def __init__(self, name, value):
        self.name = name
        self.value = value
        self.constraints = []


class Constraint:
    def __init__(self, strength):
        self.strength = strength
        self.satisfied = False

    def is_stronger(self, other):
        return self.strength < other.strength


class Equal(Constraint):
    def __init__(self, a, b, strength):
        super().__init__(strength)
        self.a, self.b = a, b
        a.constraints.append(self)
        b.constraints.append(self)

    def execute(self):
        self.b.value = self.a.value
        self.satisfied = True


class Scale(Constraint):
    def __init__(self, a, b, factor, offset, strength):
        super().__init__(strength)
        self.a, self.b, self.factor, self.offset = a, b, factor, offset
        a.constraints.append(self)
        b.constraints.append(self)

    def execute(self):
        self.b.value = self.a.value * self.factor + self.offset
        self.satisfied = True


def chain(n):
    variables = [Variable("v%d" % i, i) for i in range(n)]
    constraints = []
    for i in range(n - 1):
        if i % 3:
            constraints.append(Equal(variables[i], variables[i + 1], i % 5))
        else:
            constraints.append(Scale(variables[i], variables[i + 1], 1, 1, i % 5))
    return variables, constraints


def solve(variables, constraints):
    for i in range(12):
        variables[0].value = i
        for c in constraints:
            c.execute()
    strongest = constraints[0]
    for c in constraints:
        if c.is_stronger(strongest):
            strongest = c
    return variables[-1].value + strongest.strength


total = 0
for n in range(60, 360, 3):
    total += solve(*chain(n * 2))
print(total)
