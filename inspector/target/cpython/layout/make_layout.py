"""Prints the layout table of one CPython, from its debug information. Run by gdb:

    gdb -batch -x make_layout.py libpython3.12.so | grep ^LAYOUT > layout_3_12.def

Each row of ROWS is a field of struct py_layout (layout/fields.def) and the places where it may be
found: "struct path" is an offset, "sizeof struct" a size. The first that exists is taken; a field
that this version has not is left out and becomes LAYOUT_NONE.
"""
import gdb

ROWS = """
size_of_runtime: sizeof _PyRuntimeState
runtime_initialized: _PyRuntimeState initialized
runtime_interpreters_head: _PyRuntimeState interpreters.head
runtime_main_interpreter: _PyRuntimeState _main_interpreter
runtime_gil: _PyRuntimeState ceval.gil
runtime_gc: _PyRuntimeState gc
runtime_tstate_current: _PyRuntimeState gilstate.tstate_current
runtime_static_strings: _PyRuntimeState cached_objects.interned_strings
runtime_static_objects: _PyRuntimeState static_objects | _PyRuntimeState global_objects
size_of_static_objects: sizeof struct _Py_static_objects | sizeof struct _Py_global_objects
size_of_interp: sizeof PyInterpreterState
interp_next: PyInterpreterState next
interp_id: PyInterpreterState id
interp_threads: PyInterpreterState threads.head | PyInterpreterState tstate_head
interp_gc: PyInterpreterState gc
interp_modules: PyInterpreterState imports.modules | PyInterpreterState modules
interp_modules_by_index: PyInterpreterState imports.modules_by_index | PyInterpreterState modules_by_index
interp_sysdict: PyInterpreterState sysdict
interp_builtins: PyInterpreterState builtins
interp_builtins_copy: PyInterpreterState builtins_copy
interp_importlib: PyInterpreterState imports.importlib | PyInterpreterState importlib
interp_import_func: PyInterpreterState imports.import_func | PyInterpreterState import_func
interp_dict: PyInterpreterState dict
interp_codec_search_path: PyInterpreterState codecs.search_path | PyInterpreterState codec_search_path
interp_codec_search_cache: PyInterpreterState codecs.search_cache | PyInterpreterState codec_search_cache
interp_codec_error_registry: PyInterpreterState codecs.error_registry | PyInterpreterState codec_error_registry
interp_pyexitmodule: PyInterpreterState pyexitmodule
interp_audit_hooks: PyInterpreterState audit_hooks
interp_before_forkers: PyInterpreterState before_forkers
interp_after_forkers_parent: PyInterpreterState after_forkers_parent
interp_after_forkers_child: PyInterpreterState after_forkers_child
interp_interned: PyInterpreterState cached_objects.interned_strings
interp_type_cache: PyInterpreterState types.type_cache | PyInterpreterState type_cache
size_of_type_cache: sizeof struct type_cache
size_of_type_cache_entry: sizeof struct type_cache_entry
type_cache_name: struct type_cache_entry name
interp_callable_cache: PyInterpreterState callable_cache
size_of_callable_cache: sizeof struct callable_cache
interp_initial_thread: PyInterpreterState _initial_thread
size_of_initial_thread: sizeof _PyThreadStateImpl | sizeof PyThreadState
interp_list_state: PyInterpreterState list
size_of_list_state: sizeof struct _Py_list_state
interp_dict_state: PyInterpreterState dict_state
size_of_dict_state: sizeof struct _Py_dict_state
interp_async_gen_state: PyInterpreterState async_gen
size_of_async_gen_state: sizeof struct _Py_async_gen_state
interp_object_state: PyInterpreterState object_state
size_of_object_state: sizeof struct _py_object_state
interp_string_ids: PyInterpreterState unicode.ids
string_ids_size: struct _Py_unicode_ids size
string_ids_array: struct _Py_unicode_ids array
interp_func_versions: PyInterpreterState func_state.func_version_cache
size_of_func_version: sizeof struct _func_version_cache_item
interp_gil: PyInterpreterState ceval.gil
interp_own_gil: PyInterpreterState _gil
interp_obmalloc: PyInterpreterState obmalloc
interp_static_types: PyInterpreterState types.builtins.initialized | PyInterpreterState types.builtins
size_of_static_type: sizeof managed_static_type_state | sizeof static_builtin_state
static_type_type: managed_static_type_state type | static_builtin_state type
static_type_dict: managed_static_type_state tp_dict | static_builtin_state tp_dict
static_type_subclasses: managed_static_type_state tp_subclasses | static_builtin_state tp_subclasses
interp_static_objects: PyInterpreterState static_objects
interp_ext_types: PyInterpreterState types.for_extensions.initialized
size_of_tstate: sizeof PyThreadState
tstate_next: PyThreadState next
tstate_interp: PyThreadState interp
tstate_frame: PyThreadState frame
tstate_cframe: PyThreadState cframe
cframe_current_frame: _PyCFrame current_frame | CFrame current_frame
cframe_previous: _PyCFrame previous
tstate_current_frame: PyThreadState current_frame
tstate_thread_id: PyThreadState thread_id
tstate_native_thread_id: PyThreadState native_thread_id
tstate_id: PyThreadState id
tstate_dict: PyThreadState dict
tstate_exc_info: PyThreadState exc_info
tstate_exc_state: PyThreadState exc_state
tstate_curexc_type: PyThreadState curexc_type
tstate_curexc_value: PyThreadState curexc_value
tstate_curexc_traceback: PyThreadState curexc_traceback
tstate_current_exception: PyThreadState current_exception
tstate_context: PyThreadState context
tstate_async_exc: PyThreadState async_exc
tstate_profileobj: PyThreadState c_profileobj
tstate_traceobj: PyThreadState c_traceobj
tstate_asyncgen_firstiter: PyThreadState async_gen_firstiter
tstate_asyncgen_finalizer: PyThreadState async_gen_finalizer
tstate_threading_local_key: PyThreadState threading_local_key
tstate_threading_local_sentinel: PyThreadState threading_local_sentinel
tstate_datastack_chunk: PyThreadState datastack_chunk
tstate_datastack_top: PyThreadState datastack_top
datastack_previous: _PyStackChunk previous
datastack_size: _PyStackChunk size
datastack_data: _PyStackChunk data
size_of_exc_state: sizeof _PyErr_StackItem
exc_state_type: _PyErr_StackItem exc_type
exc_state_value: _PyErr_StackItem exc_value
exc_state_traceback: _PyErr_StackItem exc_traceback
exc_state_previous: _PyErr_StackItem previous_item
gc_generations: struct _gc_runtime_state generations
size_of_gc_generation: sizeof struct gc_generation
gc_permanent: struct _gc_runtime_state permanent_generation
gc_enabled: struct _gc_runtime_state enabled
gc_collecting: struct _gc_runtime_state collecting
gc_garbage: struct _gc_runtime_state garbage
gc_callbacks: struct _gc_runtime_state callbacks
gil_last_holder: struct _gil_runtime_state last_holder
gil_locked: struct _gil_runtime_state locked
gil_switch_number: struct _gil_runtime_state switch_number
gil_cond: struct _gil_runtime_state cond
gil_switch_cond: struct _gil_runtime_state switch_cond
size_of_gil: sizeof struct _gil_runtime_state
obmalloc_arenas: struct _obmalloc_state mgmt.arenas
obmalloc_arena_count: struct _obmalloc_state mgmt.maxarenas
size_of_arena: sizeof struct arena_object
arena_address: struct arena_object address
arena_pool_address: struct arena_object pool_address
arena_free_pools: struct arena_object nfreepools
arena_total_pools: struct arena_object ntotalpools
size_of_pool_header: sizeof struct pool_header
pool_ref_count: struct pool_header ref
pool_freeblock: struct pool_header freeblock
pool_arena_index: struct pool_header arenaindex
pool_size_class: struct pool_header szidx
pool_next_offset: struct pool_header nextoffset
pool_max_next_offset: struct pool_header maxnextoffset
size_of_type: sizeof PyTypeObject
type_name: PyTypeObject tp_name
type_basicsize: PyTypeObject tp_basicsize
type_itemsize: PyTypeObject tp_itemsize
type_dealloc: PyTypeObject tp_dealloc
type_flags: PyTypeObject tp_flags
type_traverse: PyTypeObject tp_traverse
type_weaklistoffset: PyTypeObject tp_weaklistoffset
type_members: PyTypeObject tp_members
type_base: PyTypeObject tp_base
type_dict: PyTypeObject tp_dict
type_dictoffset: PyTypeObject tp_dictoffset
type_bases: PyTypeObject tp_bases
type_mro: PyTypeObject tp_mro
type_cache: PyTypeObject tp_cache
type_subclasses: PyTypeObject tp_subclasses
type_weaklist: PyTypeObject tp_weaklist
size_of_heap_type: sizeof PyHeapTypeObject
heap_type_name: PyHeapTypeObject ht_name
heap_type_slots: PyHeapTypeObject ht_slots
heap_type_qualname: PyHeapTypeObject ht_qualname
heap_type_cached_keys: PyHeapTypeObject ht_cached_keys
heap_type_module: PyHeapTypeObject ht_module
heap_type_getitem: PyHeapTypeObject _spec_cache.getitem
heap_type_init: PyHeapTypeObject _spec_cache.init
size_of_member: sizeof PyMemberDef
member_name: PyMemberDef name
member_type: PyMemberDef type
member_offset: PyMemberDef offset
size_of_ascii: sizeof PyASCIIObject
size_of_compact: sizeof PyCompactUnicodeObject
size_of_unicode: sizeof PyUnicodeObject
ascii_length: PyASCIIObject length
ascii_hash: PyASCIIObject hash
ascii_state: PyASCIIObject state
ascii_wstr: PyASCIIObject wstr
compact_utf8_length: PyCompactUnicodeObject utf8_length
compact_utf8: PyCompactUnicodeObject utf8
compact_wstr_length: PyCompactUnicodeObject wstr_length
unicode_data: PyUnicodeObject data
int_tag: PyLongObject long_value.lv_tag
int_digits: PyLongObject long_value.ob_digit | PyLongObject ob_digit
float_value: PyFloatObject ob_fval
complex_value: PyComplexObject cval
bytes_data: PyBytesObject ob_sval
bytearray_alloc: PyByteArrayObject ob_alloc
bytearray_start: PyByteArrayObject ob_start
list_items: PyListObject ob_item
list_allocated: PyListObject allocated
tuple_items: PyTupleObject ob_item
size_of_dict: sizeof PyDictObject
dict_used: PyDictObject ma_used
dict_keys: PyDictObject ma_keys
dict_values: PyDictObject ma_values
size_of_keys: sizeof PyDictKeysObject
keys_refcnt: PyDictKeysObject dk_refcnt
keys_size: PyDictKeysObject dk_size
keys_lookup: PyDictKeysObject dk_lookup
keys_log2_size: PyDictKeysObject dk_log2_size
keys_log2_index_bytes: PyDictKeysObject dk_log2_index_bytes
keys_kind: PyDictKeysObject dk_kind
keys_usable: PyDictKeysObject dk_usable
keys_nentries: PyDictKeysObject dk_nentries
keys_indices: PyDictKeysObject dk_indices
values_values: PyDictValues values | struct _dictvalues values
values_capacity: PyDictValues capacity
values_valid: PyDictValues valid
values_embedded: PyDictValues embedded
size_of_set: sizeof PySetObject
set_fill: PySetObject fill
set_used: PySetObject used
set_mask: PySetObject mask
set_table: PySetObject table
set_smalltable: PySetObject smalltable
size_of_code: sizeof PyCodeObject
code_consts: PyCodeObject co_consts
code_names: PyCodeObject co_names
code_varnames: PyCodeObject co_varnames
code_freevars: PyCodeObject co_freevars
code_cellvars: PyCodeObject co_cellvars
code_cell2arg: PyCodeObject co_cell2arg
code_code: PyCodeObject co_code
code_code_adaptive: PyCodeObject co_code_adaptive
code_filename: PyCodeObject co_filename
code_name: PyCodeObject co_name
code_qualname: PyCodeObject co_qualname
code_lnotab: PyCodeObject co_lnotab
code_linetable: PyCodeObject co_linetable
code_exceptiontable: PyCodeObject co_exceptiontable
code_localsplusnames: PyCodeObject co_localsplusnames
code_localspluskinds: PyCodeObject co_localspluskinds
code_firstlineno: PyCodeObject co_firstlineno
code_firsttraceable: PyCodeObject _co_firsttraceable
code_nlocals: PyCodeObject co_nlocals
code_nlocalsplus: PyCodeObject co_nlocalsplus
code_stacksize: PyCodeObject co_stacksize
code_framesize: PyCodeObject co_framesize
code_zombieframe: PyCodeObject co_zombieframe
code_extra: PyCodeObject co_extra
code_cached: PyCodeObject _co_cached
code_code_cached: PyCodeObject _co_code
code_opcache: PyCodeObject co_opcache
code_opcache_size: PyCodeObject co_opcache_size
size_of_cached: sizeof _PyCoCached
size_of_opcache: sizeof _PyOpcache
size_of_code_extra: sizeof _PyCodeObjectExtra
size_of_frame: sizeof PyFrameObject
frame_back: PyFrameObject f_back
frame_code: PyFrameObject f_code
frame_builtins: PyFrameObject f_builtins
frame_globals: PyFrameObject f_globals
frame_locals: PyFrameObject f_locals
frame_trace: PyFrameObject f_trace
frame_valuestack: PyFrameObject f_valuestack
frame_stacktop: PyFrameObject f_stacktop
frame_stackdepth: PyFrameObject f_stackdepth
frame_gen: PyFrameObject f_gen
frame_lasti: PyFrameObject f_lasti
frame_lineno: PyFrameObject f_lineno
frame_state: PyFrameObject f_state
frame_executing: PyFrameObject f_executing
frame_localsplus: PyFrameObject f_localsplus
frame_iframe: PyFrameObject f_frame
frame_inner: PyFrameObject _f_frame_data
frame_extra_locals: PyFrameObject f_extra_locals
frame_locals_cache: PyFrameObject f_locals_cache
size_of_iframe: sizeof _PyInterpreterFrame
iframe_code: _PyInterpreterFrame f_executable | _PyInterpreterFrame f_code
iframe_func: _PyInterpreterFrame f_funcobj | _PyInterpreterFrame f_func
iframe_globals: _PyInterpreterFrame f_globals
iframe_builtins: _PyInterpreterFrame f_builtins
iframe_locals: _PyInterpreterFrame f_locals
iframe_frame_obj: _PyInterpreterFrame frame_obj
iframe_previous: _PyInterpreterFrame previous
iframe_instr: _PyInterpreterFrame instr_ptr | _PyInterpreterFrame prev_instr
iframe_stacktop: _PyInterpreterFrame stacktop
iframe_owner: _PyInterpreterFrame owner
iframe_is_entry: _PyInterpreterFrame is_entry
iframe_localsplus: _PyInterpreterFrame localsplus
size_of_gen: sizeof PyGenObject
gen_frame: PyGenObject gi_frame
gen_code: PyGenObject gi_code
gen_name: PyGenObject gi_name
gen_qualname: PyGenObject gi_qualname
gen_exc_state: PyGenObject gi_exc_state
gen_frame_state: PyGenObject gi_frame_state
gen_iframe: PyGenObject gi_iframe
gen_origin: PyCoroObject cr_origin | PyCoroObject cr_origin_or_finalizer
gen_finalizer: PyAsyncGenObject ag_finalizer | PyAsyncGenObject ag_origin_or_finalizer
module_dict: PyModuleObject md_dict
module_def: PyModuleObject md_def
module_state: PyModuleObject md_state
module_name: PyModuleObject md_name
moduledef_name: PyModuleDef m_name
moduledef_size: PyModuleDef m_size
moduledef_traverse: PyModuleDef m_traverse
moduledef_copy: PyModuleDef m_base.m_copy
function_code: PyFunctionObject func_code
function_name: PyFunctionObject func_name
function_qualname: PyFunctionObject func_qualname
cfunction_def: PyCFunctionObject m_ml
methoddef_name: PyMethodDef ml_name
method_func: PyMethodObject im_func
descr_name: PyDescrObject d_name
exception_args: PyBaseExceptionObject args
weakref_object: PyWeakReference wr_object
size_of_deque: sizeof dequeobject
deque_left_block: dequeobject leftblock
deque_left: dequeobject leftindex
deque_block_right: BLOCK rightlink
deque_block_data: BLOCK data
size_of_deque_block: sizeof BLOCK
deque_free_blocks: dequeobject numfreeblocks
odict_first: PyODictObject od_first
odict_fast_nodes: PyODictObject od_fast_nodes
odict_fast_nodes_size: PyODictObject od_fast_nodes_size
odict_node_key: struct _odictnode key
odict_node_next: struct _odictnode next
size_of_odict_node: sizeof struct _odictnode
lru_root: lru_cache_object root
lru_next: lru_cache_object root.next
lru_maxsize: lru_cache_object maxsize
lru_func: lru_cache_object func
lru_cache: lru_cache_object cache
lru_kwd_mark: lru_cache_object kwd_mark
lru_elem_type: lru_cache_object lru_list_elem_type
lru_cache_info_type: lru_cache_object cache_info_type
lru_dict: lru_cache_object dict
size_of_lru_elem: sizeof lru_list_elem
lru_elem_next: lru_list_elem next
lru_elem_key: lru_list_elem key
lru_elem_result: lru_list_elem result
tee_iterator: teedataobject it
tee_count: teedataobject numread
tee_next: teedataobject nextlink
tee_values: teedataobject values
size_of_tee_data: sizeof teedataobject
buffered_buffer: buffered buffer
buffered_size: buffered buffer_size
hamt_bitmap_array: PyHamtNode_Bitmap b_array
hamt_collision_array: PyHamtNode_Collision c_array
"""


def lookup(text):
    try:
        return gdb.lookup_type(text).strip_typedefs()
    except gdb.error:
        pass
    if not text.startswith("struct "):
        try:
            return gdb.lookup_type("struct " + text).strip_typedefs()
        except gdb.error:
            pass
    return None


def offset_of(kind, path):
    offset = 0
    for part in path.split("."):
        for field in kind.strip_typedefs().fields():
            if field.name == part:
                offset += field.bitpos // 8
                kind = field.type
                break
        else:
            return None
    return offset


def measure(place):
    words = place.split()
    if words[0] == "sizeof":
        kind = lookup(" ".join(words[1:]))
        return kind.sizeof if kind else None
    kind = lookup(" ".join(words[:-1]))
    return offset_of(kind, words[-1]) if kind else None


def main():
    for row in ROWS.strip().splitlines():
        name, places = row.split(":", 1)
        for place in places.split("|"):
            value = measure(place.strip())
            if value is not None:
                print(f"LAYOUT({name}, {value})")
                break


main()
