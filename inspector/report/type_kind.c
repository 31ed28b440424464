// Which kind a type is of, by its name. An own class of a program is an instance's.
#include "inspector/report/section.h"

#include <string.h>

static const struct {
    const char *names; // between blanks
    unsigned kind;
} kinds[] = {
    {" dict list tuple set frozenset collections.deque collections.OrderedDict "
     "collections.defaultdict collections.Counter mappingproxy dict_keys dict_values dict_items "
     "deque OrderedDict defaultdict ",
     0},
    {" str bytes ", 2},
    {" bytearray memoryview array.array numpy.ndarray mmap.mmap _io.BytesIO _io.BufferedReader "
     "_io.BufferedWriter _io.StringIO ",
     3},
    {" module function code type cell frame method builtin_function_or_method method_descriptor "
     "wrapper_descriptor getset_descriptor member_descriptor classmethod staticmethod property "
     "generator coroutine async_generator traceback method-wrapper classmethod_descriptor "
     "abc.ABCMeta enum.EnumType enum.EnumMeta functools.partial weakref weakref.ReferenceType "
     "weakref.KeyedRef weakref.ref _abc._abc_data _frozen_importlib.ModuleSpec "
     "_frozen_importlib_external.SourceFileLoader ",
     4},
    {" int float complex bool NoneType object ellipsis range slice NotImplementedType iterator ",
     5},
};

unsigned type_kind(const char *name)
{
    char between[200];
    const size_t length = strlen(name);
    if (length + 3 > sizeof between)
        return 1;
    between[0] = ' ';
    memcpy(between + 1, name, length);
    memcpy(between + 1 + length, " ", 2);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strstr(kinds[i].names, between))
            return kinds[i].kind;
    return 1;
}
