/* Slots and dunder methods: two views of the same operations, kept in step.
 *
 * A static type states an operation as a C function in a slot; py_slots_add_wrappers() puts a
 * descriptor for it ("__add__") into the type's dict. A class states it as a method in its dict;
 * py_slots_update() puts a C function that calls the method (a trampoline) into its slot. When a
 * method found by lookup is itself such a descriptor, the slot gets the C function behind it, so a
 * class that inherits an operation from a static type pays nothing for it.
 */
#ifndef BRILLE_VM_OBJECT_SLOTS_H
#define BRILLE_VM_OBJECT_SLOTS_H

#include "vm/object/object.h"
#include "vm/object/type.h"

/* How a wrapper descriptor unpacks its arguments and calls the C function of a slot. */
enum slot_kind {
    SLOT_NONE, /* no wrapper: the slot is reached in another way */
    SLOT_UNARY,
    SLOT_BINARY,
    SLOT_BINARY_LEFT,
    SLOT_BINARY_RIGHT,
    SLOT_RICHCOMPARE,
    SLOT_HASH,
    SLOT_INQUIRY,
    SLOT_LENGTH,
    SLOT_INDEX,
    SLOT_ITEM,
    SLOT_SETITEM,
    SLOT_DELITEM,
    SLOT_CONTAINS,
    SLOT_SETATTR,
    SLOT_DELATTR,
    SLOT_CALL,
    SLOT_INIT,
    SLOT_NEXT,
    SLOT_DESCR_GET,
    SLOT_DESCR_SET,
    SLOT_DESCR_DELETE,
    SLOT_FINALIZE
};

struct py_slot_row {
    const char *name;
    uint32_t offset; /* of the slot in struct py_type */
    uint8_t kind;    /* enum slot_kind */
    uint8_t arg;
    void (*trampoline)(void); /* cast to the slot's type */
    const char *doc;
};

/* Interns the dunder names. First step of py_types_init. */
int py_slots_init(void);
/* Descriptors for the filled slots of a static type, except names its dict already has. */
int py_slots_add_wrappers(struct py_type *type);
/* Sets the slots that stand for name from what lookup finds, in type and its subclasses. Does
 * nothing when name stands for no slot. */
void py_slots_update(struct py_type *type, struct py_str *name);
/* Sets the slots of a new class, whose base's slots were copied into it. */
void py_slots_update_all(struct py_type *type);
/* Calls what a wrapper descriptor of owner stands for. */
struct py_object *py_slot_call(const struct py_slot_row *row, const struct py_type *owner,
                               struct py_object *self, struct py_object *const *args, size_t nargs,
                               struct py_tuple *kwnames);

/* Calls the method `name` of self's class with args; NULL without an exception when there is no
 * such method. */
struct py_object *py_call_special(struct py_object *self, struct py_str *name,
                                  struct py_object *const *args, size_t nargs);

#endif
