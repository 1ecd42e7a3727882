/* Ways; see codesyncx_media/transport/way.py. */

#include "native.h"
#include <limits.h>
#include <stddef.h>
#include <string.h>

PyTypeObject *Way_type;

static PyObject *way_lead_to(PyObject *self, PyObject *target) {
    Way *way = (Way *)self;
    char *bytes;
    Py_ssize_t length;
    if (PyBytes_AsStringAndSize(target, &bytes, &length))
        return NULL;
    if (length <= 0 || (size_t)length > sizeof(way->target)) {
        PyErr_SetString(PyExc_ValueError, "no socket address has this length");
        return NULL;
    }
    memcpy(&way->target, bytes, (size_t)length);
    way->target_length = (socklen_t)length;
    way->train = UINT_MAX; /* what waits goes where it was to go */
    way->goes_alone = 0;
    Py_RETURN_NONE;
}

static PyObject *way_encrypt_with(PyObject *self, PyObject *keys) {
    Way *way = (Way *)self;
    void *session = NULL;
    if (keys != Py_None) {
        PyObject *address = PyObject_GetAttrString(keys, "address");
        if (!address)
            return NULL;
        session = PyLong_AsVoidPtr(address);
        Py_DECREF(address);
        if (!session) {
            if (!PyErr_Occurred())
                PyErr_SetString(PyExc_ValueError, "keys are nowhere");
            return NULL;
        }
    }
    way->session = session; /* before the old keys may go */
    keep(&way->keys, keys);
    Py_RETURN_NONE;
}

static int way_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((Way *)self)->keys);
    return 0;
}

static int way_clear(PyObject *self) {
    ((Way *)self)->session = NULL;
    Py_CLEAR(((Way *)self)->keys);
    return 0;
}

static void way_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    way_clear(self);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyMemberDef way_members[] = {
    {"keys", T_OBJECT, offsetof(Way, keys), READONLY, NULL},
    {"sent", T_LONGLONG, offsetof(Way, sent), READONLY, NULL},
    {"refused", T_LONGLONG, offsetof(Way, refused), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};
static PyMethodDef way_methods[] = {
    {"lead_to", way_lead_to, METH_O, "Have packets sent to a socket address, as the system has it."},
    {"encrypt_with", way_encrypt_with, METH_O, "Have packets encrypted with other keys."},
    {NULL, NULL, 0, NULL},
};
static PyType_Slot way_slots[] = {
    {Py_tp_dealloc, way_dealloc},
    {Py_tp_traverse, way_traverse},
    {Py_tp_clear, way_clear},
    {Py_tp_members, way_members},
    {Py_tp_methods, way_methods},
    {Py_tp_doc, "Where a client is reached and with which keys."},
    {0, NULL},
};
static PyType_Spec way_spec = {
    "codesyncx_media_native.Way", sizeof(Way), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, way_slots,
};

int add_way(PyObject *module) {
    Way_type = add_type(module, &way_spec);
    return Way_type ? 0 : -1;
}
