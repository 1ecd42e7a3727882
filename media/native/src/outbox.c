/* The outbox; see codesyncx_media/transport/outbox.py. */

#define _GNU_SOURCE /* sendmmsg */
#include "native.h"
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103 /* linux/udp.h, since Linux 4.18 */
#endif

#define SLOTS 256
#define SLOT_BYTES 1536
#define LONGEST_TRAILER 160 /* SRTP_MAX_TRAILER_LEN is 144 */
#define FIXED_HEADER 12
#define TRANSPORT_NUMBER_AT (FIXED_HEADER + 5)
#define PAYLOAD_AT 24
#define LONGEST_TRAIN 42 /* codesyncx_media.transport.trains.LONGEST */

PyTypeObject *Outbox_type;

typedef int (*Protect)(void *session, void *packet, int *length);

/* Packets to one client that the system is given as one; see codesyncx_media/transport/trains.py. */
typedef struct {
    Way *way;
    unsigned int first, last, count;
    uint16_t size; /* of all but the last packet */
    int is_ended;
    struct sockaddr_storage target;
    socklen_t target_length;
} Train;

typedef struct {
    PyObject_HEAD
    PyObject *wake;
    Protect protect;
    int fd;
    size_t max_packet;
    unsigned int count, train_count;
    uint16_t lengths[SLOTS], next[SLOTS];
    Train trains[SLOTS];
    struct mmsghdr headers[SLOTS];
    struct iovec vectors[SLOTS];
    union {
        struct cmsghdr header;
        unsigned char bytes[CMSG_SPACE(sizeof(uint16_t))];
    } controls[SLOTS];
    unsigned char memory[SLOTS][SLOT_BYTES];
} Outbox;

/* What one packet is for everybody. The numbers are unwrapped and never negative. */
typedef struct {
    PyObject *packet;
    PyObject *stream;
    const unsigned char *wire;
    size_t size;
    unsigned long long sequence, timestamp, picture_id, tl0_index;
    long long layer, picture_bits;
    size_t picture_at, tl0_at;
    double now;
} Copied;

static void write_16(unsigned char *at, unsigned long long value) {
    at[0] = (unsigned char)(value >> 8);
    at[1] = (unsigned char)value;
}

static void write_32(unsigned char *at, unsigned long long value) {
    write_16(at, value >> 16);
    write_16(at + 2, value);
}

static int outbox_init(PyObject *self, PyObject *args, PyObject *named) {
    Outbox *outbox = (Outbox *)self;
    PyObject *address, *wake;
    Py_ssize_t max_packet;
    int fd;
    if (named && PyDict_Size(named)) {
        PyErr_SetString(PyExc_TypeError, "Outbox takes no named arguments");
        return -1;
    }
    if (!PyArg_ParseTuple(args, "iO!nO", &fd, &PyLong_Type, &address, &max_packet, &wake))
        return -1;
    if (max_packet < PAYLOAD_AT || max_packet > SLOT_BYTES - LONGEST_TRAILER) {
        PyErr_SetString(PyExc_ValueError, "packets of this length don't fit a slot");
        return -1;
    }
    void *protect = PyLong_AsVoidPtr(address);
    if (!protect) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "srtp_protect is nowhere");
        return -1;
    }
    memcpy(&outbox->protect, &protect, sizeof(protect));
    outbox->fd = fd;
    outbox->max_packet = (size_t)max_packet;
    keep(&outbox->wake, wake);
    return 0;
}

/* Has a train begin at `vectors`, and gives where the next one may. */
static struct iovec *couple(Outbox *outbox, unsigned int number, struct iovec *vectors) {
    Train *train = &outbox->trains[number];
    struct msghdr *message = &outbox->headers[number].msg_hdr;
    unsigned int slot = train->first;
    memset(message, 0, sizeof(*message));
    message->msg_name = &train->target;
    message->msg_namelen = train->target_length;
    message->msg_iov = vectors;
    message->msg_iovlen = train->count;
    for (unsigned int n = 0; n < train->count; n++, slot = outbox->next[slot]) {
        vectors[n].iov_base = outbox->memory[slot];
        vectors[n].iov_len = outbox->lengths[slot];
    }
    if (train->count > 1) {
        struct cmsghdr *control = &outbox->controls[number].header;
        memset(&outbox->controls[number], 0, sizeof(outbox->controls[number]));
        control->cmsg_level = IPPROTO_UDP;
        control->cmsg_type = UDP_SEGMENT;
        control->cmsg_len = CMSG_LEN(sizeof(train->size));
        memcpy(CMSG_DATA(control), &train->size, sizeof(train->size));
        message->msg_control = control;
        message->msg_controllen = sizeof(outbox->controls[number]);
    }
    return vectors + train->count;
}

/* Sends the packets of a train one by one, and those of its client from now on. */
static void uncouple(Outbox *outbox, Train *train, struct iovec *vectors) {
    struct msghdr message = {0};
    train->way->goes_alone = 1;
    message.msg_name = &train->target;
    message.msg_namelen = train->target_length;
    message.msg_iovlen = 1;
    for (unsigned int n = 0; n < train->count; n++) {
        message.msg_iov = vectors + n;
        (void)sendmsg(outbox->fd, &message, MSG_DONTWAIT);
    }
}

/* A datagram that can't be sent is lost, as the network loses them; the others go. */
static void empty(Outbox *outbox) {
    unsigned int first = 0, count = outbox->train_count;
    struct iovec *vectors = outbox->vectors;
    for (unsigned int number = 0; number < count; number++)
        vectors = couple(outbox, number, vectors);
    while (first < count && outbox->fd >= 0) {
        int sent = sendmmsg(outbox->fd, outbox->headers + first, count - first, MSG_DONTWAIT);
        if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS))
            break;
        if (sent <= 0) { /* not every path takes trains */
            if (outbox->trains[first].count > 1)
                uncouple(outbox, &outbox->trains[first], outbox->headers[first].msg_hdr.msg_iov);
            sent = 1;
        }
        first += (unsigned int)sent;
    }
    outbox->count = outbox->train_count = 0;
    for (unsigned int number = 0; number < count; number++)
        Py_CLEAR(outbox->trains[number].way);
}

/* Adds a packet to its client's train, or begins one. */
static void queue(Outbox *outbox, Way *way, unsigned int slot, size_t length) {
    outbox->lengths[slot] = (uint16_t)length;
    if (way->train < outbox->train_count && !way->goes_alone) {
        Train *train = &outbox->trains[way->train];
        if (train->way == way && !train->is_ended && length <= train->size &&
            train->count < LONGEST_TRAIN) {
            outbox->next[train->last] = (uint16_t)slot;
            train->last = slot;
            train->count++;
            train->is_ended = length < train->size;
            return;
        }
    }
    Train *train = &outbox->trains[outbox->train_count];
    Py_INCREF((PyObject *)way);
    train->way = way;
    train->first = train->last = slot;
    train->count = 1;
    train->size = (uint16_t)length;
    train->is_ended = 0;
    train->target = way->target;
    train->target_length = way->target_length;
    way->train = outbox->train_count++;
}

/* Makes room for one more packet; Python code may run in it. */
static int make_room(Outbox *outbox) {
    if (!outbox->wake) {
        PyErr_SetString(PyExc_RuntimeError, "the outbox was never begun");
        return -1;
    }
    if (outbox->count == SLOTS)
        empty(outbox);
    if (outbox->count == 0) {
        PyObject *done = PyObject_CallNoArgs(outbox->wake);
        if (!done)
            return -1;
        Py_DECREF(done);
        if (outbox->count == SLOTS)
            empty(outbox);
    }
    return 0;
}

/* Encrypts what was written to the next slot and has it sent; whether it could be. */
static int seal(Outbox *outbox, Way *way, size_t size) {
    unsigned int slot = outbox->count;
    int length = (int)size;
    if (outbox->protect(way->session, outbox->memory[slot], &length) || length < (int)size ||
        length > SLOT_BYTES) {
        way->refused++;
        return 0;
    }
    queue(outbox, way, slot, (size_t)length);
    outbox->count = slot + 1;
    way->sent++;
    return 1;
}

static PyObject *outbox_put(PyObject *self, PyObject *args) {
    Outbox *outbox = (Outbox *)self;
    Py_buffer packet;
    PyObject *to;
    if (!PyArg_ParseTuple(args, "y*O!", &packet, Way_type, &to))
        return NULL;
    Way *way = (Way *)to;
    int went = 0;
    if (!way->session || !way->target_length) {
        PyBuffer_Release(&packet);
        return PyBool_FromLong(0);
    }
    if ((size_t)packet.len > outbox->max_packet) {
        way->refused++;
    } else {
        if (make_room(outbox)) {
            PyBuffer_Release(&packet);
            return NULL;
        }
        if (way->session) {
            memcpy(outbox->memory[outbox->count], packet.buf, (size_t)packet.len);
            went = seal(outbox, way, (size_t)packet.len);
        }
    }
    PyBuffer_Release(&packet);
    return PyBool_FromLong(went);
}

static int read_number(PyObject *packet, const char *name, unsigned long long *number) {
    PyObject *value = PyObject_GetAttrString(packet, name);
    if (!value)
        return -1;
    long long read = PyLong_AsLongLong(value);
    Py_DECREF(value);
    if (read == -1 && PyErr_Occurred())
        return -1;
    *number = (unsigned long long)read;
    return 0;
}

/* Reads the place of a number in a packet, 0 for none, and looks that it lies in the payload. */
static int read_place(PyObject *packet, const char *name, size_t bytes, Copied *all, size_t *place) {
    unsigned long long at;
    if (read_number(packet, name, &at))
        return -1;
    if (at && (at < PAYLOAD_AT || at > all->size || all->size - at < bytes)) {
        PyErr_Format(PyExc_ValueError, "%s is outside of the payload", name);
        return -1;
    }
    *place = (size_t)at;
    return 0;
}

static int read_packet(PyObject *packet, PyObject *wire, Copied *all) {
    unsigned long long layer, bits;
    char *bytes;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(wire, &bytes, &size))
        return -1;
    all->packet = packet;
    all->wire = (unsigned char *)bytes;
    all->size = (size_t)size;
    if (read_number(packet, "sequence", &all->sequence) ||
        read_number(packet, "timestamp", &all->timestamp) ||
        read_number(packet, "temporal_layer", &layer) ||
        read_number(packet, "picture_id", &all->picture_id) ||
        read_number(packet, "picture_id_bits", &bits) ||
        read_number(packet, "tl0_index", &all->tl0_index))
        return -1;
    all->layer = (long long)layer;
    all->picture_bits = (long long)bits;
    if (size < PAYLOAD_AT) {
        PyErr_SetString(PyExc_ValueError, "a packet is shorter than its header");
        return -1;
    }
    return read_place(packet, "picture_id_at", bits == 15 ? 2 : 1, all, &all->picture_at) ||
           read_place(packet, "tl0_index_at", 1, all, &all->tl0_at);
}

static int is_for(const Copied *all, const Lane *lane) {
    return lane->stream == all->stream && lane->highest < (long long)all->sequence &&
           lane->max_temporal_layer >= all->layer;
}

static void write_copy(unsigned char *to, const Copied *all, const Lane *lane, long long number) {
    memcpy(to, all->wire, all->size);
    write_16(to + 2, all->sequence + (unsigned long long)lane->sequence_delta);
    write_32(to + 4, all->timestamp + (unsigned long long)lane->timestamp_delta);
    write_32(to + 8, lane->ssrc);
    write_16(to + TRANSPORT_NUMBER_AT, (unsigned long long)number);
    if (!all->picture_at || !(lane->picture_delta || lane->tl0_delta))
        return; /* the publisher's own numbers are there */
    unsigned long long picture = all->picture_id + (unsigned long long)lane->picture_delta;
    if (all->picture_bits == 15)
        write_16(to + all->picture_at, 0x8000 | (picture & 0x7FFF));
    else
        to[all->picture_at] = (unsigned char)(picture & 0x7F);
    if (all->tl0_at)
        to[all->tl0_at] = (unsigned char)(all->tl0_index + (unsigned long long)lane->tl0_delta);
}

/* Sends one copy; 1 when the lane doesn't take the packet as it is, -1 after an error. */
static int send_copy(Outbox *outbox, const Copied *all, Lane *lane, Way *way) {
    if (!is_for(all, lane) || !lane->log)
        return 1;
    if (!way->session || !way->target_length)
        return 0;
    if (make_room(outbox))
        return -1;
    if (!is_for(all, lane) || !way->session) /* whatever was woken may have changed it */
        return 0;
    lane->highest = (long long)all->sequence;
    lane->packets++;
    lane->octets += (long long)all->size - PAYLOAD_AT;
    long long number = log_packet((SendLog *)lane->log, all->size, all->now);
    write_copy(outbox->memory[outbox->count], all, lane, number);
    seal(outbox, way, all->size);
    keep(&lane->last, all->packet);
    return 0;
}

static int send_copies(Outbox *outbox, const Copied *all, PyObject *routes, PyObject *left) {
    for (Py_ssize_t n = 0; n < PyList_Size(routes); n++) {
        PyObject *route = PyList_GetItem(routes, n);
        if (!PyTuple_Check(route) || PyTuple_Size(route) != 3 ||
            !PyObject_TypeCheck(PyTuple_GetItem(route, 0), Lane_type) ||
            !PyObject_TypeCheck(PyTuple_GetItem(route, 1), Way_type)) {
            PyErr_SetString(PyExc_TypeError, "a route is a lane, a way and something else");
            return -1;
        }
        Py_INCREF(route);
        int found = send_copy(
            outbox, all, (Lane *)PyTuple_GetItem(route, 0), (Way *)PyTuple_GetItem(route, 1));
        if (found == 1)
            found = PyList_Append(left, PyTuple_GetItem(route, 2));
        Py_DECREF(route);
        if (found)
            return -1;
    }
    return 0;
}

static PyObject *outbox_fan_out(PyObject *self, PyObject *args) {
    Outbox *outbox = (Outbox *)self;
    PyObject *packet, *routes;
    Copied all = {0};
    if (!PyArg_ParseTuple(args, "OO!d", &packet, &PyList_Type, &routes, &all.now))
        return NULL;
    PyObject *left = PyList_New(0);
    PyObject *wire = PyObject_GetAttrString(packet, "wire");
    all.stream = PyObject_GetAttrString(packet, "stream");
    int failed = !left || !wire || !all.stream || read_packet(packet, wire, &all);
    if (!failed && all.size <= outbox->max_packet)
        failed = send_copies(outbox, &all, routes, left);
    Py_XDECREF(wire);
    Py_XDECREF(all.stream);
    if (failed)
        Py_CLEAR(left);
    return left;
}

static PyObject *outbox_flush(PyObject *self, PyObject *Py_UNUSED(nothing)) {
    empty((Outbox *)self);
    Py_RETURN_NONE;
}

static PyObject *outbox_close(PyObject *self, PyObject *Py_UNUSED(nothing)) {
    ((Outbox *)self)->fd = -1;
    empty((Outbox *)self);
    Py_RETURN_NONE;
}

static int outbox_traverse(PyObject *self, visitproc visit, void *arg) {
    Outbox *outbox = (Outbox *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(outbox->wake);
    for (unsigned int number = 0; number < outbox->train_count; number++)
        Py_VISIT(outbox->trains[number].way);
    return 0;
}

static int outbox_clear(PyObject *self) {
    Outbox *outbox = (Outbox *)self;
    Py_CLEAR(outbox->wake);
    outbox->fd = -1;
    empty(outbox);
    return 0;
}

static void outbox_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    outbox_clear(self);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyMethodDef outbox_methods[] = {
    {"put", outbox_put, METH_VARARGS, "Encrypt an RTP packet and have it sent; whether it could be."},
    {"fan_out", outbox_fan_out, METH_VARARGS, "Send a packet to everybody whom it goes to."},
    {"flush", outbox_flush, METH_NOARGS, "Send what waits."},
    {"close", outbox_close, METH_NOARGS, "Send nothing any more."},
    {NULL, NULL, 0, NULL},
};
static PyType_Slot outbox_slots[] = {
    {Py_tp_init, outbox_init},
    {Py_tp_dealloc, outbox_dealloc},
    {Py_tp_traverse, outbox_traverse},
    {Py_tp_clear, outbox_clear},
    {Py_tp_methods, outbox_methods},
    {Py_tp_doc, "RTP packets on their way out, encrypted and sent together."},
    {0, NULL},
};
static PyType_Spec outbox_spec = {
    "codesyncx_media_native.Outbox",
    sizeof(Outbox),
    0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    outbox_slots,
};

int add_outbox(PyObject *module) {
    Outbox_type = add_type(module, &outbox_spec);
    return Outbox_type ? 0 : -1;
}
