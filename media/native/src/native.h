/* The hot path of calls: what `codesyncx_media.rtp.lane`, `transport.way`, `transport.outbox` and
   `transport.private_aiortc.Decryption` do in Python, with the same names. Those are the reference:
   tests compare every byte.

   Nothing here encrypts: libsrtp does, through the addresses of its functions. */

#ifndef CODESYNCX_NATIVE_H
#define CODESYNCX_NATIVE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <structmember.h>
#include <sys/socket.h>

#define LOG_SIZE 4096 /* codesyncx_media.rtp.lane.SIZE */
#define LOG_MASK (LOG_SIZE - 1)

typedef struct {
    PyObject_HEAD
    long long next_number;
    double sent_at[LOG_SIZE];
    uint16_t sizes[LOG_SIZE];
} SendLog;

typedef struct {
    PyObject_HEAD
    PyObject *stream;
    PyObject *last;
    PyObject *log; /* always a SendLog */
    long long highest;
    long long sequence_delta;
    long long timestamp_delta;
    long long picture_delta;
    long long tl0_delta;
    long long packets;
    long long octets;
    unsigned int ssrc;
    long long max_temporal_layer;
} Lane;

typedef struct {
    PyObject_HEAD
    PyObject *keys; /* owns what `session` points to; NULL or None without */
    void *session;
    struct sockaddr_storage target;
    socklen_t target_length; /* 0 without */
    long long sent;
    long long refused;
    unsigned int train; /* which of the outbox' trains takes its next packet, if that is its own */
    int goes_alone; /* where the path there takes no trains */
} Way;

extern PyTypeObject *SendLog_type, *Lane_type, *Way_type, *Outbox_type;

/* Keeps another object in a field; whoever is let go of finds it there already. */
static inline void keep(PyObject **field, PyObject *value) {
    PyObject *before = *field;
    Py_INCREF(value);
    *field = value;
    Py_XDECREF(before);
}

/* Notes a packet and gives its number, of which only the lowest 16 bits travel. */
static inline long long log_packet(SendLog *log, size_t size, double now) {
    unsigned long long number = (unsigned long long)log->next_number;
    log->next_number = (long long)(number + 1);
    log->sent_at[number & LOG_MASK] = now;
    log->sizes[number & LOG_MASK] = (uint16_t)size;
    return (long long)number;
}

int add_lanes(PyObject *module);
int add_way(PyObject *module);
int add_outbox(PyObject *module);
int add_decryption(PyObject *module);
PyTypeObject *add_type(PyObject *module, PyType_Spec *spec);

#endif
