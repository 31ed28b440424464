import sys
def f():
    try:
        1 / 0
    except ZeroDivisionError:
        t, v, tb = sys.exc_info()
        print(t.__name__, v, tb is not None, tb.tb_lineno, tb.tb_frame.f_code.co_name)
        try:
            {}["k"]
        except KeyError:
            print(sys.exc_info()[0].__name__)
        print(sys.exc_info()[0].__name__)
    print(sys.exc_info())
f()
