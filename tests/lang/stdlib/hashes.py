"""hashlib and the modules under it: digests of many lengths, copies, parameters, refusals."""
import _blake2
import _md5
import _sha1
import _sha256
import _sha3
import _sha512
import hashlib
import random
import threading

NAMES = sorted(hashlib.algorithms_guaranteed)
TYPES = [_md5.md5, _sha1.sha1, _sha256.sha224, _sha256.sha256, _sha512.sha384, _sha512.sha512,
         _sha3.sha3_224, _sha3.sha3_256, _sha3.sha3_384, _sha3.sha3_512, _sha3.shake_128,
         _sha3.shake_256, _blake2.blake2b, _blake2.blake2s]
numbers = random.Random(5)


def tell(f, *args, **kw):
    try:
        got = f(*args, **kw)
        print(got.hexdigest(*length(got)) if hasattr(got, "hexdigest") else got)
    except Exception as e:
        print(type(e).__name__, e)


def length(h):
    return (20,) if "shake" in h.name else ()


print(NAMES == sorted(t().name for t in TYPES))
for name in NAMES:
    total = hashlib.sha256()
    for n in [*range(0, 290), 2047, 2048, 2049, 70000]:
        data = numbers.randbytes(n)
        h = hashlib.new(name)
        i = 0
        while i < n:
            k = numbers.choice([1, 3, 17, 64, 128, 136, 144, 1000, 5000])
            h.update(data[i:i + k])
            i += k
            if k == 3:
                h = h.copy()
        ask = (300,) if "shake" in name else ()
        assert h.digest(*ask) == hashlib.new(name, data).digest(*ask) == h.digest(*ask)
        total.update(h.digest(*ask))
    print(name, h.name, h.digest_size, h.block_size, total.hexdigest())

for make in TYPES:
    h = make(b"abc", usedforsecurity=False)
    print(type(h).__module__, type(h).__name__, repr(h).split(" at ")[0], h.digest(*length(h)))
    kind, copy = type(h), h.copy()
    copy.update(bytearray(b"d"))
    print(h.hexdigest(*length(h)), copy.hexdigest(*length(h)), type(copy) is kind)
    tell(make, "text")
    tell(make, 5)
    tell(make, None)
    tell(make, memoryview(b"xabcx")[1:4])
    tell(make, memoryview(b"abcd")[::2])
    tell(h.update, "text")
    tell(h.update, 3.5)
    tell(setattr, h, "name", "other")
    tell(setattr, h, "other", 1)
    for a in ("_capacity_bits", "_rate_bits", "_suffix", "MAX_KEY_SIZE", "MAX_DIGEST_SIZE",
              "SALT_SIZE", "PERSON_SIZE"):
        print(getattr(h, a, None), end=" ")
    try:
        type("Sub", (kind,), {})
    except TypeError as e:
        print(e)
for make in (_md5.md5, _sha512.sha384):
    tell(make, string=b"abc")
tell(type(_md5.md5()))

for shake in (_sha3.shake_128(b"x"), _sha3.shake_256(b"x")):
    for n in (0, 1, 135, 136, 137, 168, 169, 1000, True):
        print(n, len(shake.digest(n)), shake.hexdigest(n)[-8:])
    for n in (-1, 1 << 29, 1 << 70, "a", 1.5):
        tell(shake.digest, n)
        tell(shake.hexdigest, n)

for make in (hashlib.blake2b, hashlib.blake2s):
    for kw in [dict(digest_size=0), dict(digest_size=1), dict(digest_size=33),
               dict(digest_size="a"), dict(key=b"k"), dict(key=b"k" * 32), dict(key=b"k" * 65),
               dict(key="k"), dict(salt=b"salt"), dict(salt=b"s" * 9), dict(salt=b"s" * 17),
               dict(person=b"p"), dict(person=b"p" * 17), dict(salt=5), dict(fanout=0),
               dict(fanout=256), dict(fanout=-1), dict(fanout=1 << 40), dict(depth=0),
               dict(depth=255), dict(leaf_size=-1), dict(leaf_size=(1 << 32) - 1),
               dict(leaf_size=1 << 32), dict(leaf_size=1 << 64), dict(leaf_size="a"),
               dict(node_offset=-1), dict(node_offset=(1 << 48) - 1), dict(node_offset=1 << 48),
               dict(node_offset=(1 << 64) - 1), dict(node_offset=1 << 64), dict(node_depth=255),
               dict(node_depth=256), dict(inner_size=32), dict(inner_size=64),
               dict(inner_size=65), dict(last_node=True), dict(last_node=0),
               dict(key=b"x" * 20, salt=b"salt", person=b"pp", fanout=2, depth=3, leaf_size=4,
                    node_offset=5, node_depth=6, inner_size=7, last_node=True, digest_size=13)]:
        print(kw, end=" ")
        tell(make, b"data" * 50, **kw)
    keyed = make(key=b"secret", digest_size=9)
    other = keyed.copy()
    keyed.update(b"message" * 1000)
    print(keyed.hexdigest(), other.hexdigest(), other.digest_size)

# One object, two threads; large pieces are hashed outside the GIL.
shared = hashlib.sha1()
piece = b"same" * 50000


def many():
    for _ in range(20):
        shared.update(piece)
        shared.update(b"same")
        shared.copy().digest()


threads = [threading.Thread(target=many) for _ in range(3)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(shared.hexdigest(), shared.hexdigest() == hashlib.sha1(b"same" * (60 * 50001)).hexdigest())
random.seed("a text")
print(random.random())
