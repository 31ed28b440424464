e=OSError(2,'x'); print(e.errno,e.strerror,e.filename,e.characters_written if hasattr(e,'characters_written') else None)
for cls,args in [(ImportError,('m',)),(SystemExit,(1,2)),(StopIteration,()),(KeyError,('a','b')),(OSError,(1,)),(OSError,()),(BlockingIOError,(11,'m',5)),(UnicodeTranslateError,('abc',0,1,'r')),(SyntaxError,('m',('f',1,2,'t')))]:
    e=cls(*args); print(repr(e),str(e),e.args,{k:getattr(e,k,None) for k in ('code','value','msg','name','path','lineno','offset','characters_written','reason')})
for f in (lambda: ImportError('x',foo=1), lambda: ValueError(a=1), lambda: AttributeError('x',obj=1,name='n').name, lambda: NameError('x',name='q').name, lambda: UnicodeDecodeError(1), lambda: OSError(2,'a',filename=3), lambda: BaseException.__new__(int), lambda: SyntaxError('m',(1,)), lambda: setattr(ValueError(),'args',None), lambda: setattr(ValueError(),'__cause__',1), lambda: setattr(ValueError(),'__context__',1), lambda: ValueError().with_traceback(1), lambda: ValueError().add_note(1), lambda: delattr(ValueError(),'__traceback__')):
    try: print(f())
    except BaseException as e: print(type(e).__name__, e)
class M(OSError):
    def __init__(self,a): super().__init__(a,'q'); self.a=a
m=M(13); print(type(m), m.errno, m.a, m)
class K(OSError): pass
print(type(K(2,'x')), type(OSError(2,'x')), type(OSError('2','x')))
try:
    try: raise ValueError(1)
    except ValueError as a:
        try: raise KeyError(2)
        except KeyError as b: raise TypeError(3) from a
except TypeError as t: print(repr(t.__cause__), repr(t.__context__), t.__suppress_context__, repr(t.__context__.__context__))
e=ValueError('x',1); e.z=5; print(e.__reduce__()); print(OSError(2,'a','f').__reduce__())
e.__setstate__({'q':7}); print(e.q, e.__dict__)
