# What the library leaves to _json, _bisect and _heapq.
import sys
import _bisect
import _heapq
import _json


class Context:
    strict = True
    object_hook = object_pairs_hook = None
    parse_float, parse_int, parse_constant = float, int, str


class Pairs(Context):
    object_pairs_hook = list
    parse_int = str


class Weight:
    def __init__(self, n):
        self.n = n

    def __lt__(self, other):
        return self.n < other.n


def body():
    text = '{"a\\u00e9": [1, 2.5, true, "x\\ny", {"a\\u00e9": 12345678901234567890123}], "nan": NaN}'
    seen = [repr(_json.make_scanner(Context)(text, 0)), repr(_json.make_scanner(Pairs)(text, 0)), _json.scanstring('a\\tb"', 0)]
    for sort in (False, True):
        write = _json.make_encoder({}, str, _json.encode_basestring_ascii, None, ": ", ", ", sort, True, True)
        seen.append(write({"b": [1, -2.5, None, (), {}], "\xe9": {"n": {3: False}, "deep": [[["\u0e01" * 40]]]}, "o": int}, 0))
    heap = [Weight(n) for n in (5, 3, 9, 1)]
    _heapq.heapify(heap)
    _heapq.heappush(heap, Weight(2))
    seen.append([_heapq.heappushpop(heap, Weight(4)).n, _heapq.heapreplace(heap, Weight(0)).n, _heapq.heappop(heap).n])
    line = [1, 2, 2, 3]
    _bisect.insort_right(line, 2)
    _bisect.insort_left(line, 2, key=lambda n: n * 2)
    seen.append((line, _bisect.bisect_left(range(100), 40), _bisect.bisect_right(line, 2, 1, 5)))
    return seen


try:
    result = body()
except MemoryError:
    result = None
sys._brille_check()
if result is None:
    raise MemoryError
print(result)
