import sys
def f():
    g()
def g():
    raise ValueError("x")
try:
    f()
except ValueError as e:
    tb = e.__traceback__
    while tb:
        print(tb.tb_lineno, tb.tb_frame.f_code.co_name, sorted(k for k in tb.tb_frame.f_locals if k in ("tb",)))
        tb = tb.tb_next
