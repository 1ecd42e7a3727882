/* Send logs and lanes; see codesyncx_media/rtp/lane.py. */

#include "native.h"
#include <stddef.h>
#include <string.h>

PyTypeObject *SendLog_type, *Lane_type;

static void plain_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyObject *log_note(PyObject *self, PyObject *args) {
    long long size;
    double now;
    if (!PyArg_ParseTuple(args, "Ld", &size, &now))
        return NULL;
    if (size < 0 || size > UINT16_MAX) {
        PyErr_SetString(PyExc_ValueError, "a datagram has 0 to 65535 bytes");
        return NULL;
    }
    return PyLong_FromLongLong(log_packet((SendLog *)self, (size_t)size, now));
}

static PyObject *log_part(PyObject *self, PyObject *args) {
    SendLog *log = (SendLog *)self;
    long long first, end;
    if (!PyArg_ParseTuple(args, "LL", &first, &end))
        return NULL;
    if (first < 0 || end <= first || end - first > LOG_SIZE) {
        PyErr_SetString(PyExc_ValueError, "a part goes at most once around the log");
        return NULL;
    }
    Py_ssize_t count = (Py_ssize_t)(end - first);
    PyObject *times = PyList_New(count), *sizes = PyList_New(count);
    for (Py_ssize_t n = 0; times && sizes && n < count; n++) {
        size_t at = (size_t)(first + n) & LOG_MASK;
        PyObject *time = PyFloat_FromDouble(log->sent_at[at]);
        PyObject *size = PyLong_FromLong(log->sizes[at]);
        if (!time || !size) {
            Py_XDECREF(time);
            Py_XDECREF(size);
            Py_CLEAR(times);
            break;
        }
        PyList_SetItem(times, n, time);
        PyList_SetItem(sizes, n, size);
    }
    if (!times || !sizes) {
        Py_XDECREF(times);
        Py_XDECREF(sizes);
        return NULL;
    }
    return Py_BuildValue("NN", times, sizes);
}

static PyMemberDef log_members[] = {
    {"next_number", T_LONGLONG, offsetof(SendLog, next_number), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};
static PyMethodDef log_methods[] = {
    {"note", log_note, METH_VARARGS, "Note a packet; give its number."},
    {"part", log_part, METH_VARARGS, "Give times and sizes of the numbers `first` up to `end`."},
    {NULL, NULL, 0, NULL},
};
static PyType_Slot log_slots[] = {
    {Py_tp_dealloc, plain_dealloc},
    {Py_tp_members, log_members},
    {Py_tp_methods, log_methods},
    {Py_tp_doc, "When the last packets of one connection were sent, and their size."},
    {0, NULL},
};
static PyType_Spec log_spec = {
    "codesyncx_media_native.SendLog", sizeof(SendLog), 0, Py_TPFLAGS_DEFAULT, log_slots,
};

static int lane_init(PyObject *self, PyObject *args, PyObject *named) {
    Lane *lane = (Lane *)self;
    PyObject *log;
    unsigned int ssrc;
    long long layers;
    if (named && PyDict_Size(named)) {
        PyErr_SetString(PyExc_TypeError, "Lane takes no named arguments");
        return -1;
    }
    if (!PyArg_ParseTuple(args, "IO!L", &ssrc, SendLog_type, &log, &layers))
        return -1;
    keep(&lane->log, log);
    lane->ssrc = ssrc;
    lane->max_temporal_layer = layers;
    lane->highest = -1;
    return 0;
}

static int lane_traverse(PyObject *self, visitproc visit, void *arg) {
    Lane *lane = (Lane *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(lane->stream);
    Py_VISIT(lane->last);
    Py_VISIT(lane->log);
    return 0;
}

static int lane_clear(PyObject *self) {
    Lane *lane = (Lane *)self;
    Py_CLEAR(lane->stream);
    Py_CLEAR(lane->last);
    Py_CLEAR(lane->log);
    return 0;
}

static void lane_dealloc(PyObject *self) {
    PyObject_GC_UnTrack(self);
    lane_clear(self);
    plain_dealloc(self);
}

static PyMemberDef lane_members[] = {
    {"stream", T_OBJECT, offsetof(Lane, stream), 0, NULL},
    {"last", T_OBJECT, offsetof(Lane, last), 0, NULL},
    {"log", T_OBJECT, offsetof(Lane, log), READONLY, NULL},
    {"highest", T_LONGLONG, offsetof(Lane, highest), 0, NULL},
    {"sequence_delta", T_LONGLONG, offsetof(Lane, sequence_delta), 0, NULL},
    {"timestamp_delta", T_LONGLONG, offsetof(Lane, timestamp_delta), 0, NULL},
    {"picture_delta", T_LONGLONG, offsetof(Lane, picture_delta), 0, NULL},
    {"tl0_delta", T_LONGLONG, offsetof(Lane, tl0_delta), 0, NULL},
    {"packets", T_LONGLONG, offsetof(Lane, packets), 0, NULL},
    {"octets", T_LONGLONG, offsetof(Lane, octets), 0, NULL},
    {"max_temporal_layer", T_LONGLONG, offsetof(Lane, max_temporal_layer), 0, NULL},
    {"ssrc", T_UINT, offsetof(Lane, ssrc), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};
static PyType_Slot lane_slots[] = {
    {Py_tp_init, lane_init},
    {Py_tp_dealloc, lane_dealloc},
    {Py_tp_traverse, lane_traverse},
    {Py_tp_clear, lane_clear},
    {Py_tp_members, lane_members},
    {Py_tp_doc, "How one stream's packets are numbered on for one subscriber."},
    {0, NULL},
};
static PyType_Spec lane_spec = {
    "codesyncx_media_native.Lane",
    sizeof(Lane),
    0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    lane_slots,
};

int add_lanes(PyObject *module) {
    SendLog_type = add_type(module, &log_spec);
    Lane_type = SendLog_type ? add_type(module, &lane_spec) : NULL;
    return Lane_type ? 0 : -1;
}
