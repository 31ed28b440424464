/* Facts about the interpreter that sys hands out as named tuples. */
#ifndef BRILLE_VM_BUILTINS_SYS_INFO_H
#define BRILLE_VM_BUILTINS_SYS_INFO_H

#include "vm/object/module.h"

#define PY_VERSION_TEXT "3.11.7"
#define PY_VERSION_HEX  0x030b07f0

extern struct py_type py_sys_version_info_type, py_sys_flags_type, py_sys_float_info_type,
    py_sys_int_info_type, py_sys_hash_info_type, py_sys_thread_info_type, py_sys_unraisable_type;

/* version, version_info, flags, float_info, ..., implementation. */
int py_sys_add_info(struct py_module *m);

/* Functions for hooks of asynchronous generators and the like: sys_hooks.c. */
int py_sys_add_hooks(struct py_module *m);

#endif
