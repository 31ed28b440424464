"""Which words of an object does the tp_traverse of each C type visit? Run by the Python in question:

    python3.12 -I -S measure_types.py > 3_12.types

For every type that is not a Python class, a child process fills a block of the type's size with a
different address in each word, calls tp_traverse on it, and notes which of them come back. Types
whose objects are more than fields (lists, dicts, frames ...) crash or loop in this: they are
reported with "special" and are decoded by code. describe_types.py adds names from debug information.

One line for each type, JSON: name, basicsize, itemsize, heap, gc, weaklist, special, visited
(offsets; 8 is the type), base (the type it has its tp_traverse from), file and the addresses in it
of tp_traverse and tp_dealloc, members (tp_members that are objects: offset and name).
"""
import collections
import ctypes
import gc
import importlib
import json
import mmap
import os
import pkgutil
import signal
import sys
import warnings

NAME, BASICSIZE, ITEMSIZE, DEALLOC, FLAGS, TRAVERSE = 24, 32, 40, 48, 168, 184
WEAKLIST, MEMBERS, BASE, DICTOFFSET = 208, 240, 256, 288
HEAPTYPE, HAVE_GC = 1 << 9, 1 << 14
PAGE = 4096
LEFT_OUT = {"antigravity", "this", "idlelib", "turtledemo", "test", "lib2to3", "__main__", "site"}
VISITOR = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
TRAVERSER = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


def word(address):
    return ctypes.c_ulong.from_address(address).value


def text(address):
    return ctypes.string_at(address).decode() if address else ""


def import_everything():
    warnings.simplefilter("ignore")
    for module in pkgutil.iter_modules():
        if module.name in LEFT_OUT or module.name.startswith(("_sysconfigdata", "turtle", "xxlimited")):
            continue
        try:
            importlib.import_module(module.name)
        except BaseException:  # whatever a module does, the others are wanted
            pass
    for name in ("xml.etree.ElementTree", "concurrent.futures", "multiprocessing.connection"):
        importlib.import_module(name)


def all_types():
    found = {}

    def add(kind):
        if id(kind) in found:
            return
        found[id(kind)] = kind
        for sub in type.__subclasses__(kind):
            add(sub)

    add(object)
    for thing in gc.get_objects():
        if isinstance(thing, type):
            add(thing)
        add(type(thing))
    return found


def call_traverse(kind, words, sized, output):
    memory = mmap.mmap(-1, PAGE * (words + 4))
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    base = (base + PAGE - 1) & ~(PAGE - 1)
    thing, marks = base + 512, base + 2 * PAGE
    for i in range(2, words):
        ctypes.c_ulong.from_address(thing + 8 * i).value = marks + PAGE * i
    ctypes.c_ulong.from_address(thing).value = 1
    ctypes.c_ulong.from_address(thing + 8).value = kind
    if sized:
        ctypes.c_ulong.from_address(thing + 16).value = 0
    visited = []

    def visit(target, _):
        if target == kind:
            visited.append(8)
        elif target and marks <= target < marks + PAGE * words and (target - marks) % PAGE == 0:
            visited.append((target - marks) // PAGE * 8)
        else:
            os._exit(1)  # led to something that is no field
        return 0

    callback = VISITOR(visit)
    TRAVERSER(word(kind + TRAVERSE))(thing, ctypes.cast(callback, ctypes.c_void_p), None)
    os.write(output, json.dumps(visited).encode())


def try_traverse(kind, sized):
    """Offsets of the fields visited; None when the type is more than its fields."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, 2)
            os.dup2(os.open("/dev/null", os.O_WRONLY), 2)
            call_traverse(kind, (word(kind + BASICSIZE) + 7) // 8, sized, write_end)
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as answer:
        data = answer.read()
    status = os.waitpid(pid, 0)[1]
    return json.loads(data) if status == 0 and data else None


def visited_words(kind):
    """A type with items usually has ob_size, which must then be 0; some have a field there."""
    plain = try_traverse(kind, False)
    return plain if plain is not None or not word(kind + ITEMSIZE) else try_traverse(kind, True)


def mapped_files():
    files = []
    with open("/proc/self/maps", encoding="utf-8") as lines:
        for line in lines:
            fields = line.split()
            if len(fields) > 5 and fields[5].startswith("/"):
                begin, end = (int(part, 16) for part in fields[0].split("-"))
                files.append((begin, end, begin - int(fields[2], 16), fields[5]))
    return files


def locate(address, files):
    bases = {}
    for begin, end, base, path in files:
        bases.setdefault(path, base)
        if begin <= address < end:
            return path, address - bases[path]
    return "", 0


def members(kind):
    """PyMemberDef: name, type, offset, flags, doc. Types 6 and 16 are objects."""
    found, at = [], word(kind + MEMBERS)
    while at and word(at) and not word(kind + FLAGS) & HEAPTYPE:
        if ctypes.c_int.from_address(at + 8).value in (6, 16):
            found.append([word(at + 16), text(word(at))])
        at += 40
    return found


def main():
    import_everything()
    types = all_types()
    subtype = collections.Counter(word(t + TRAVERSE) for t in types
                                  if word(t + FLAGS) & HEAPTYPE).most_common(1)[0][0]
    files = mapped_files()
    rows = []
    for kind in types:
        has_gc = bool(word(kind + FLAGS) & HAVE_GC)
        heap = bool(word(kind + FLAGS) & HEAPTYPE)
        traverse = word(kind + TRAVERSE)
        if traverse == subtype:
            continue
        base = word(kind + BASE)
        visited = visited_words(kind) if traverse else []
        path, traverse_at = locate(traverse, files)
        dealloc_path, dealloc_at = locate(word(kind + DEALLOC), files)
        type_path, type_at = locate(kind, files)
        rows.append({
            "name": text(word(kind + NAME)), "basicsize": word(kind + BASICSIZE),
            "itemsize": word(kind + ITEMSIZE), "heap": heap, "gc": has_gc,
            "weaklist": ctypes.c_long.from_address(kind + WEAKLIST).value,
            "dict": ctypes.c_long.from_address(kind + DICTOFFSET).value,
            "special": visited is None, "visited": sorted(visited or []),
            "base": text(word(base + NAME)) if base else "",
            "base_size": word(base + BASICSIZE) if base else 0,
            "inherits": bool(base and traverse and word(base + TRAVERSE) == traverse),
            "traverse": [path, traverse_at], "dealloc": [dealloc_path, dealloc_at],
            "type": [type_path, type_at], "members": members(kind)})
    for row in sorted(rows, key=lambda row: (row["name"], row["basicsize"])):
        print(json.dumps(row))
    sys.stdout.flush()
    os._exit(0)


main()
