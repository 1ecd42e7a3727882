/* The module itself. */

#include "native.h"
#include <string.h>

PyTypeObject *add_type(PyObject *module, PyType_Spec *spec) {
    PyObject *type = PyType_FromModuleAndSpec(module, spec, NULL);
    if (!type)
        return NULL;
    if (PyModule_AddObjectRef(module, strrchr(spec->name, '.') + 1, type)) {
        Py_DECREF(type);
        return NULL;
    }
    return (PyTypeObject *)type; /* kept as long as the process */
}

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    "codesyncx_media_native",
    "The hot path of CodeSyncX calls in C.",
    -1,
    NULL,
    NULL,
    NULL,
    NULL,
    NULL,
};

PyMODINIT_FUNC PyInit_codesyncx_media_native(void) {
    PyObject *module = PyModule_Create(&definition);
    if (module && (add_lanes(module) || add_way(module) || add_outbox(module) ||
                   add_decryption(module)))
        Py_CLEAR(module);
    return module;
}
