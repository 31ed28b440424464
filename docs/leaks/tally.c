// tally.count(words): {word: [length, times]}. It leaks: PyDict_SetItem does not take over the
// reference that PyList_New gave us, and nobody gives it back.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *new_entry(PyObject *word)
{
    PyObject *entry = PyList_New(2);
    if (!entry)
        return NULL;
    PyList_SET_ITEM(entry, 0, PyFloat_FromDouble((double)PyUnicode_GetLength(word)));
    PyList_SET_ITEM(entry, 1, PyFloat_FromDouble(1));
    return entry;
}

static PyObject *count(PyObject *module, PyObject *words)
{
    (void)module;
    if (!PyList_Check(words))
        return PyErr_Format(PyExc_TypeError, "a list of words, please");
    PyObject *result = PyDict_New();
    for (Py_ssize_t i = 0; result && i < PyList_GET_SIZE(words); i++) {
        PyObject *entry = new_entry(PyList_GET_ITEM(words, i));
        if (!entry || PyDict_SetItem(result, PyList_GET_ITEM(words, i), entry) < 0)
            Py_CLEAR(result);
        // Missing: Py_XDECREF(entry);
    }
    return result;
}

static PyMethodDef methods[] = {{"count", count, METH_O, "Counts words."}, {0}};
static PyModuleDef module = {PyModuleDef_HEAD_INIT, .m_name = "tally", .m_size = -1,
                             .m_methods = methods};

PyMODINIT_FUNC PyInit_tally(void)
{
    return PyModule_Create(&module);
}
