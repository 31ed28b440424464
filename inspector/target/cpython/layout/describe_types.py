"""Turns what measure_types.py found into a table with names, by debug information. Run by gdb:

    MEASURED=3_12.types gdb -batch -x describe_types.py | sed '/^CTYPE/,$!d' > types_3_12.def

CTYPE(tp_name, tp_basicsize, whole, fields): a field is class, offset and name, offset 8 being the
type. `whole` is 0 when the objects of the type refer to more than these fields.

The structure behind a type is found through its tp_traverse or tp_dealloc: their argument or a local
variable points to a structure of the type's size. A pointer to an object that tp_traverse visits is
T; one that it does not visit is O (owned), unless it is known to be without a count (B) or weak (W).
"""
import json
import os

import gdb

LEFT_OUT = ("_test", "test_struct", "MyList", "xx", "HeapC", "MethodDescriptor", "MethClass", "MethInstance", "MethStatic",
            "awaitType", "matmulType", "ipowType", "_ctypes_test", "curses.ncurses", "Recursing")

# Types whose functions take a plain PyObject *.
STRUCTS = {
    "getset_descriptor": "PyGetSetDescrObject", "member_descriptor": "PyMemberDescrObject",
    "method_descriptor": "PyMethodDescrObject", "classmethod_descriptor": "PyMethodDescrObject",
    "wrapper_descriptor": "PyWrapperDescrObject", "instancemethod": "PyInstanceMethodObject",
    "builtin_method": "PyCMethodObject", "method-wrapper": "wrapperobject",
    "property": "propertyobject", "moduledef": "PyModuleDef",
    "_ctypes._CData": "CDataObject", "_ctypes._Pointer": "CDataObject",
    "_ctypes.Array": "CDataObject", "_ctypes.Structure": "CDataObject",
    "_ctypes.Union": "CDataObject", "_ctypes._SimpleCData": "CDataObject",
    "generator": "PyGenObject", "coroutine": "PyCoroObject",
    "async_generator": "PyAsyncGenObject", "_ctypes.CFuncPtr": "PyCFuncPtrObject", "decimal.SignalDictMixin": "PyDecSignalDictObject",
    "datetime.date": "PyDateTime_Date", "datetime.timedelta": "PyDateTime_Delta",
    "decimal.Decimal": "PyDecObject", "float": "PyFloatObject", "complex": "PyComplexObject",
    "range_iterator": "_PyRangeIterObject|rangeiterobject", "_random.Random": "RandomObject",
    "str": "PyUnicodeObject", "bytes": "PyBytesObject", "EncodingMap": "encoding_map",
    "StgDict": "StgDictObject",
    "typing.TypeVar": "typevarobject", "typing.ParamSpec": "paramspecobject",
    "typing.TypeVarTuple": "typevartupleobject", "typing.TypeAliasType": "typealiasobject",
}

# Pointers without a count. A name alone counts for every structure.
BORROWED = {
    "wr_prev", "wr_next", "var_cached", "ctx_weakreflist", "h_weakreflist", "weakreflist",
    "in_weakreflist", "im_weakreflist", "func_weakreflist", "md_weaklist", "m_weakreflist",
    "PicklerObject.pers_func_self", "UnpicklerObject.pers_func_self", "lru_list_elem.prev",
    "lru_list_elem.next", "pysqlite_Connection.Warning",
    "pysqlite_Connection.Error", "pysqlite_Connection.InterfaceError",
    "pysqlite_Connection.DatabaseError", "pysqlite_Connection.DataError",
    "pysqlite_Connection.OperationalError", "pysqlite_Connection.IntegrityError",
    "pysqlite_Connection.InternalError", "pysqlite_Connection.ProgrammingError",
    "pysqlite_Connection.NotSupportedError", "PyHamtIterator.hi_iter", "PyModuleObject.md_def",
    "localdummyobject.localdict",
}
WEAK = {"wr_object"}

# Visited, but only in objects that the measurement cannot imitate.
FORCED = {("builtin_method", "mm_class")}

# What Python code calls a member, where tp_members does not say.
RENAMED = {
    "func_code": "__code__", "func_globals": "__globals__", "func_name": "__name__",
    "func_qualname": "__qualname__", "func_defaults": "__defaults__",
    "func_kwdefaults": "__kwdefaults__", "func_closure": "__closure__", "func_doc": "__doc__",
    "func_dict": "__dict__", "func_module": "__module__", "func_annotations": "__annotations__",
    "func_builtins": "__builtins__", "func_typeparams": "__type_params__", "im_func": "__func__",
    "im_self": "__self__", "m_self": "__self__", "m_module": "__module__", "mm_class": "class",
    "ob_ref": "cell_contents", "dict": "__dict__", "md_dict": "__dict__", "ns_dict": "__dict__",
    "cm_dict": "__dict__", "sm_dict": "__dict__", "od_inst_dict": "__dict__",
    "func.m_self": "__self__", "func.m_module": "__module__",
    "task_dict": "__dict__", "fut_dict": "__dict__", "md_name": "__name__",
    "traceback": "__traceback__", "context": "__context__", "cause": "__cause__",
    "notes": "__notes__", "cm_callable": "__func__", "sm_callable": "__func__",
    "d_type": "__objclass__", "d_name": "__name__", "d_qualname": "__qualname__",
    "d_common.d_type": "__objclass__", "d_common.d_name": "__name__",
    "d_common.d_qualname": "__qualname__", "origin": "__origin__", "wr_callback": "__callback__",
    "wr_object": "__weakref__", "mapping": "mapping", "prop_get": "fget", "prop_set": "fset",
    "prop_del": "fdel", "prop_doc": "__doc__", "prop_name": "__name__",
}
PREFIXES = ("di_", "dv_", "it_", "si_", "en_", "ags_", "agt_", "agw_", "cw_", "ctx_", "var_",
            "tok_", "fut_", "task_", "s_", "sw_", "ste_", "b_", "rl_", "_abc_", "hi_", "h_")


def plain(kind):
    return kind.strip_typedefs()


def begins_with_header(kind, depth=0):
    kind = plain(kind)
    if kind.code != gdb.TYPE_CODE_STRUCT or depth > 5:
        return False
    if kind.tag in ("_object", "_typeobject"):
        return True
    fields = kind.fields()
    return bool(fields) and (fields[0].name == "ob_refcnt" or
                             begins_with_header(fields[0].type, depth + 1))


def is_object_pointer(kind):
    kind = plain(kind)
    if kind.code != gdb.TYPE_CODE_PTR:
        return False
    return begins_with_header(kind.target())


def flatten(kind, offset=0, prefix=""):
    """[(offset, name)] of the pointers to objects in a structure."""
    found = []
    for field in plain(kind).fields():
        if not hasattr(field, "bitpos"):
            continue
        at, inner, name = offset + field.bitpos // 8, plain(field.type), prefix + (field.name or "")
        if inner.code == gdb.TYPE_CODE_STRUCT:
            found += flatten(inner, at, "" if field.name in ("ob_base", "_base") else name + ".")
        elif inner.code == gdb.TYPE_CODE_ARRAY and is_object_pointer(inner.target()):
            low, high = inner.range()
            found += [(at + 8 * i, name) for i in range(low, min(high, 64) + 1)]
        elif is_object_pointer(inner):
            found.append((at, name))
    return found


def structure_of_function(address, row):
    block = gdb.block_for_pc(address)
    while block and block.function is None and block.superblock:
        block = block.superblock
    for symbol in block or ():
        kind = plain(symbol.type)
        if kind.code != gdb.TYPE_CODE_PTR:
            continue
        target = plain(kind.target())
        if target.code != gdb.TYPE_CODE_STRUCT or target.tag in ("_object", "_typeobject"):
            continue
        slack = 16 if row["itemsize"] else 0
        if 0 <= target.sizeof - row["basicsize"] <= slack and begins_with_header(target):
            return target, str(kind.target()).replace("struct ", "")
    return None


def structure_of(row):
    if row["name"] in STRUCTS:
        for name in STRUCTS[row["name"]].split("|"):
            try:
                return plain(gdb.lookup_type(name)), name
            except gdb.error:
                pass
            try:
                return plain(gdb.lookup_type("struct " + name)), name
            except gdb.error:
                pass
        return None, ""
    for key in ("traverse", "dealloc"):
        if row[key][0] == row["file"]:
            found = structure_of_function(row[key][1], row)
            if found:
                return found
    return None, ""


def shown(name):
    if name in RENAMED:
        return RENAMED[name]
    for prefix in PREFIXES:
        if name.startswith(prefix) and len(name) > len(prefix):
            return name[len(prefix):]
    return name


def is_borrowed(structure, name):
    first = name.split(".")[0]
    return name in BORROWED or first in BORROWED or f"{structure}.{first}" in BORROWED or \
        "weakref" in name or "weaklist" in name


def describe(row):
    """The fields, and whether they are all that the objects have."""
    structure, names, title = None, {}, ""
    try:
        structure, title = structure_of(row)
        names = dict(flatten(structure)) if structure else {}
    except gdb.error:
        pass
    members = dict(row["members"])
    fields = {}
    for offset in row["visited"]:
        fields[offset] = "T"
    if row["special"] and row["heap"]:
        fields[8] = "T"
    for offset, name in names.items():
        if offset == 8 or offset in fields or offset == row["weaklist"]:
            continue
        if offset + 8 > row["basicsize"]:
            continue
        owned = "T" if row["special"] or (row["name"], name) in FORCED else "O"
        fields[offset] = "W" if name in WEAK else "B" if is_borrowed(title, name) else owned
    words = []
    for offset in sorted(fields):
        name = "" if offset == 8 else members.get(offset) or shown(names.get(offset, ""))
        if offset == row["dict"]:
            name = "__dict__"
        words.append(f"{fields[offset]}{offset}" + (f":{name}" if name else ""))
    known = structure is not None or row["basicsize"] <= max(row["base_size"], 16)
    return " ".join(words), known and not row["special"]


def wrap(start, fields):
    """One line as long as it fits, else a string literal a line."""
    if len(start) + len(fields) + 4 <= 100:
        return f'{start} "{fields}")'
    lines, line = [], ""
    for word in fields.split():
        if len(line) + len(word) > 92:
            lines.append(line)
            line = ""
        line += word + " "
    lines.append(line.rstrip())
    return start + "\n" + "\n".join(f'      "{part}"' for part in lines) + ")"


def main():
    with open(os.environ["MEASURED"], encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    rows = [row for row in rows if not row["name"].startswith(LEFT_OUT) and
            not (row["inherits"] and row["basicsize"] == row["base_size"])]
    for row in rows:
        row["file"] = row["traverse"][0] or row["dealloc"][0] or row["type"][0]
        if row["name"] in STRUCTS:
            row["file"] = row["type"][0] or row["file"]
    done = set()
    for path in sorted({row["file"] for row in rows if row["file"]}):
        gdb.execute("file " + path, to_string=True)
        for row in rows:
            if row["file"] != path or (row["name"], row["basicsize"]) in done:
                continue
            done.add((row["name"], row["basicsize"]))
            fields, whole = describe(row)
            row["line"] = wrap(f'CTYPE("{row["name"]}", {row["basicsize"]}, {int(whole)},', fields)
    for row in rows:
        if "line" in row:
            print(row["line"])


main()
