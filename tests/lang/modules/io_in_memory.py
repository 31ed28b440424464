"""io: bases, files in memory, newline decoder, views, pickles."""
import io
for nl in (None,'','\n','\r','\r\n'):
    s=io.StringIO('a\nb\r\nc\rd', newline=nl)
    print(repr(nl), repr(s.getvalue()), list(s), s.newlines)
    s.write('\r\nx\n'); s.seek(0); print(repr(s.read()), s.tell(), s.readline())
b=io.BytesIO(b'abc\ndef'); print(b.readline(), b.read(1), list(b), b.getvalue(), b.tell()); b.seek(20); b.write(b'x'); print(b.getvalue())
v=b.getbuffer(); v[0]=65; print(b.getvalue()[:3])
try: b.write(b'y'*10)
except BufferError as e: print(e)
del v; b.write(b'yy'); b.close(); print(b.closed)
for f in (b.read,b.getvalue,b.tell):
    try: f()
    except ValueError as e: print(e)
print(isinstance(b, io.BufferedIOBase), isinstance(s, io.TextIOBase), isinstance(open('/dev/null'), io.IOBase), io.BytesIO.__mro__)
class R(io.RawIOBase):
    def __init__(s): s.d=b'hello\nworld\n'; s.p=0
    def readable(s): return True
    def readinto(s,b):
        n=min(len(b),3,len(s.d)-s.p); b[:n]=s.d[s.p:s.p+n]; s.p+=n; return n
r=R(); print(r.read(2), r.readline(), r.readall(), r.closed)
print(io.BufferedReader(R()).readlines(), io.TextIOWrapper(io.BufferedReader(R())).read())
try: R().write(b'')
except Exception as e: print(type(e), e)
try: R().seek(0)
except Exception as e: print(type(e), e)
class C(io.IOBase):
    def close(self): print('closing'); super().close()
C(); c=C(); c.close(); c.close()
d=io.IncrementalNewlineDecoder(None,True); print(repr(d.decode('a\r')),repr(d.decode('\nb\r')),repr(d.decode('x',final=True)), d.newlines, d.getstate())
import pickle; print(pickle.loads(pickle.dumps(io.BytesIO(b'xyz'))).read(), pickle.loads(pickle.dumps(io.StringIO('xyz'))).read())
class S(io.StringIO): pass
x=S('q'); x.attr=1; print(x.attr, x.__dict__)
