"""copy.deepcopy and copy.copy of nested containers and instances."""
import copy
from dataclasses import dataclass, field


@dataclass
class Leaf:
    number: int
    names: list = field(default_factory=list)


class Custom:
    def __init__(self, n):
        self.n = n
        self.leaf = Leaf(n, ["a", "b"])

    def __deepcopy__(self, memo):
        new = Custom(self.n + 1)
        new.leaf = copy.deepcopy(self.leaf, memo)
        return new


data = {
    "list": [1, 2, (3, 4), [5, [6, 7]]],
    "leaves": [Leaf(i, [str(i)] * 3) for i in range(20)],
    "custom": [Custom(i) for i in range(5)],
    "set": {1, 2, 3},
    "text": "abc" * 10,
}
data["self"] = data
total = 0
for _ in range(150):
    new = copy.deepcopy(data)
    assert new["self"] is new and new["leaves"][0] is not data["leaves"][0]
    total += new["custom"][4].n + len(copy.copy(data)) + copy.copy(data["leaves"][3]).number
print(total)
