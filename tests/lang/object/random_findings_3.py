"""What random programs found: bytearray literals, numbers too large for a conversion."""
for b in (b"'", b'"', b"'\"", b"a'b", b'\\', b"'\\\""):
    print(bytearray(b), b, repr(bytearray(b)))
def t(f):
    try: print(f())
    except Exception as e: print(type(e).__name__, e)
for x in (10**30, 2**31, 2**40, -2**31, -2**31-1, -10**30):
    t(lambda: '%.*f' % (x, 1.0)); t(lambda: '%.*d' % (x, 1)) if abs(x)>2**31 else 0; t(lambda: b'%.*f' % (x, 1.0)); t(lambda: 'a\t'.expandtabs(x)) if x<0 or x>2**31 else 0
    if abs(x)>10**20: t(lambda: '%*d' % (x, 1)); t(lambda: b'%*d' % (x, 1))
t(lambda: '%.99999999999d' % 1); t(lambda: '%99999999999999999999d' % 1); t(lambda: b'%.99999999999d' % 1); t(lambda: b'%99999999999999999999d' % 1); t(lambda: '%.2147483648f' % 1)
t(lambda: b'x' * 10**30); t(lambda: [1] * 10**30); t(lambda: (1,)*10**30); t(lambda: 'a'*10**30); t(lambda: bytearray(b'x')*10**30); t(lambda: 1 << 10**30); t(lambda: 'a'.center(10**30)); t(lambda: range(10**30).__len__()); t(lambda: [0][10**30]); t(lambda: 'abc'[10**30]); t(lambda: (1,)[-10**30]); t(lambda: b'a'[10**30]); t(lambda: float(10**400)); t(lambda: 10**400/3); t(lambda: int(float('inf'))); t(lambda: int(float('nan'))); t(lambda: chr(10**30)); t(lambda: bytes([10**30])); t(lambda: bytes(10**30)); t(lambda: '%c' % 10**30); t(lambda: round(1.5, 10**30)); t(lambda: '{:.{}f}'.format(1.0, 10**30)); t(lambda: '%.*f' % (10**30, 1.0)); t(lambda: (1.5).__round__(-10**30)); t(lambda: 2.0**10000); t(lambda: (2.0).__pow__(1e10)); t(lambda: complex(1e300,1)**5); t(lambda: 'a'.zfill(10**30)); t(lambda: 'a'.expandtabs(10**30)); t(lambda: 'ab'.replace('a','b',10**30)); t(lambda: 'ab'.split('a',10**30)); t(lambda: (5).to_bytes(10**30,'big')); t(lambda: (10**30).to_bytes(2,'big')); t(lambda: b'abc'.find(b'c', -10**30, 10**30)); t(lambda: bytearray(5).insert(10**30, 5)); t(lambda: [].insert(10**30, 5)); t(lambda: [].pop(10**30)); t(lambda: bytearray(2).pop(10**30)); t(lambda: sum([1e308,1e308])); t(lambda: 5e-324 * 0.5 + 5e-324); t(lambda: 5e-324/3*3); t(lambda: 5e-324 % 3); t(lambda: 5e-324 // 2); t(lambda: divmod(-5e-324, 3)); t(lambda: 5e-324**1); t(lambda: round(5e-324, 323)); t(lambda: round(5e-324, 324)); t(lambda: round(1e308, -308)); t(lambda: float.fromhex('0x1p-1074')); t(lambda: (5e-324).hex()); t(lambda: complex(5e-324, 0)/complex(5e-324,0)); t(lambda: complex(5e-324,5e-324)*2); t(lambda: complex(5e-324)**0.5); t(lambda: complex(5e-324)**1); t(lambda: complex(5e-324,1)/3); t(lambda: abs(complex(5e-324,5e-324)))

endless = range(-1, 2**200, 3)
def unpack():
    *a, = endless
t(unpack); t(lambda: [*endless]); t(lambda: [].extend(endless)); t(lambda: bytes(endless)); t(lambda: bytearray(endless))
for v in (b'abc', bytearray(b'abc'), bytearray(b''), bytearray(b'a'), 'abc', '', 5, None, b'', memoryview(b'ab')):
    t(lambda: ord(v))
