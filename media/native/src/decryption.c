/* Decryption; see codesyncx_media/transport/private_aiortc.py. */

#include "native.h"
#include <string.h>

#define MAX_DATAGRAM 1500

PyTypeObject *Decryption_type;

typedef int (*Unprotect)(void *session, void *packet, int *length);

typedef struct {
    PyObject_HEAD
    Unprotect rtp, rtcp;
    uint64_t memory[MAX_DATAGRAM / 8 + 1]; /* aligned, as libsrtp wants it */
} Decryption;

static int read_function(PyObject *address, Unprotect *function) {
    void *found = PyLong_AsVoidPtr(address);
    if (!found) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "srtp_unprotect is nowhere");
        return -1;
    }
    memcpy(function, &found, sizeof(found));
    return 0;
}

static int decryption_init(PyObject *self, PyObject *args, PyObject *named) {
    Decryption *decryption = (Decryption *)self;
    PyObject *rtp, *rtcp;
    if (named && PyDict_Size(named)) {
        PyErr_SetString(PyExc_TypeError, "Decryption takes no named arguments");
        return -1;
    }
    if (!PyArg_ParseTuple(args, "O!O!", &PyLong_Type, &rtp, &PyLong_Type, &rtcp))
        return -1;
    return read_function(rtp, &decryption->rtp) || read_function(rtcp, &decryption->rtcp) ? -1 : 0;
}

static PyObject *decryption_unprotect(PyObject *self, PyObject *args) {
    Decryption *decryption = (Decryption *)self;
    PyObject *keys, *packet;
    int is_rtcp;
    char *bytes;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(args, "OOp", &keys, &packet, &is_rtcp) ||
        PyBytes_AsStringAndSize(packet, &bytes, &size))
        return NULL;
    PyObject *address = PyObject_GetAttrString(keys, "address");
    void *session = address ? PyLong_AsVoidPtr(address) : NULL;
    Unprotect unprotect = is_rtcp ? decryption->rtcp : decryption->rtp;
    Py_XDECREF(address);
    if (PyErr_Occurred())
        return NULL;
    if (!session || !unprotect) {
        PyErr_SetString(PyExc_ValueError, "keys or srtp_unprotect are nowhere");
        return NULL;
    }
    if (size > MAX_DATAGRAM)
        Py_RETURN_NONE;
    int length = (int)size;
    memcpy(decryption->memory, bytes, (size_t)size);
    if (unprotect(session, decryption->memory, &length) || length < 0 || length > size)
        Py_RETURN_NONE;
    return PyBytes_FromStringAndSize((char *)decryption->memory, length);
}

static void decryption_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyMethodDef decryption_methods[] = {
    {"unprotect", decryption_unprotect, METH_VARARGS,
     "Decrypt a packet; None when it isn't the client's or a copy."},
    {NULL, NULL, 0, NULL},
};
static PyType_Slot decryption_slots[] = {
    {Py_tp_init, decryption_init},
    {Py_tp_dealloc, decryption_dealloc},
    {Py_tp_methods, decryption_methods},
    {Py_tp_doc, "Decrypts what comes, in memory of its own."},
    {0, NULL},
};
static PyType_Spec decryption_spec = {
    "codesyncx_media_native.Decryption", sizeof(Decryption), 0, Py_TPFLAGS_DEFAULT, decryption_slots,
};

int add_decryption(PyObject *module) {
    Decryption_type = add_type(module, &decryption_spec);
    return Decryption_type ? 0 : -1;
}
