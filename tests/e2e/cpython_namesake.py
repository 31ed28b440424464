"""C types that are called as those of the interpreter and whose objects are shorter: nothing behind an
object is taken for a part of it. For every CPython of the machine that has ctypes.
Arguments: brille, brille-python (not used), versions (default all)."""
import json
import subprocess

import cpythons
from capture_support import Failure, dump, main

# Pools full of objects of 16 bytes each, so that some stand at the end of their pool. The words that
# would be the flags of a type are the lower halves of addresses of types: with the bit of a class.
PROGRAM = """
import ctypes, json
NAMES = ("type list dict collections.OrderedDict set bytearray float module code frame generator "
         "coroutine async_generator collections.deque functools._lru_cache_wrapper int tuple "
         "itertools._tee_dataobject xml.etree.ElementTree.Element greenlet.greenlet numpy.ndarray "
         "function method builtin_function_or_method getset_descriptor BaseException array.array "
         "_io.BufferedReader _io.BytesIO _struct.Struct decimal.Decimal itertools.product "
         "itertools.permutations").split()
TYPE_BYTES, NAME, BASICSIZE, ITEMSIZE, FLAGS, BASE, READY, HEAP = 416, 24, 32, 40, 168, 256, 1 << 12, 1 << 9
kept = []
def type_named(name):
    memory, text = ctypes.create_string_buffer(4096), ctypes.create_string_buffer(name.encode())
    kept.append((memory, text))
    address = (ctypes.addressof(memory) + 1023) // 1024 * 1024 + HEAP
    ctypes.memmove(address, id(object), TYPE_BYTES)
    for offset, word in ((NAME, ctypes.addressof(text)), (BASICSIZE, 16), (ITEMSIZE, 0),
                         (FLAGS, READY), (BASE, 0)):
        ctypes.c_uint64.from_address(address + offset).value = word
    return address
addresses = {}
for name in NAMES:
    address = type_named(name)
    objects = [object() for _ in range(1200)]
    for each in objects:
        ctypes.c_uint64.from_address(id(each) + 8).value = address
    kept.append(objects)
    addresses[name] = [id(each) for each in objects]
print(json.dumps(addresses), flush=True)
input()
"""


def wrong_in(heap, addresses):
    """Names whose objects are missing, have another size than their 16 bytes, or refer to anything."""
    for name in addresses:
        for address in addresses[name]:
            found = heap.objects.get(address)
            if not found or found["size"] != 16 or heap.references[address]:
                yield f"{name}: {found}, {heap.references[address]}"
                break


def test_one(brille, interpreter):
    program = subprocess.Popen([interpreter.path, "-I", "-S", "-c", PROGRAM],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        line = program.stdout.readline()
        if not line:
            return
        addresses = json.loads(line)
        wrong = list(wrong_in(dump(brille, program.pid), addresses))
        if wrong:
            raise Failure(f"{interpreter}:\n" + "\n".join(wrong))
        print(f"{interpreter}: {len(addresses)} types and their namesakes are told apart", flush=True)
    finally:
        program.kill()  # the interpreter cannot end with such objects
        program.communicate()


def test(brille, _vm, _folder, versions):
    for interpreter in cpythons.find():
        if not versions or interpreter.name in versions:
            test_one(brille, interpreter)


main(test)
