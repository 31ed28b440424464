import math
import math as m
from math import sqrt, pi as p
from math import *
print(m is math, sqrt(4), p == pi, floor(2.5))
for stmt in ("import nosuchmodule", "from math import nothing", "import math.sub", "from . import x"):
    try:
        exec(stmt)
    except ImportError as e:
        print(type(e).__name__, str(e)[:45])
