"""The load generator's engine (csrc/load) as Python objects: a Run is made from plain values, started, watched, joined.

Nothing of the run itself is Python: the threads are the engine's own, and the GIL is not theirs to wait for. What a
value means, and whether it is possible, is the business of bench/spec.
"""

import os
import socket
from dataclasses import dataclass

cimport cython
from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from fastnet.bench cimport cload as c
from fastnet.bench.histogram cimport Histogram

from fastnet.errors import ConfigError, FastnetError

CLIENT_KINDS = ("idle", "slow_send", "slow_read", "never_read")  # as in background.h
ERROR_KINDS = ("connect", "reset", "timeout", "truncated", "garbage", "status", "length", "digest")  # as in protocol.h


@dataclass(frozen=True, slots=True)
class Counts:
    """What a run, or one thread of it, counted. Times are seconds of CLOCK_MONOTONIC, or of CPU."""

    sent: int
    answered: int
    errors: dict
    details: dict
    statuses: dict
    connected: int
    open: int
    bytes_in: int
    bytes_out: int
    stray: int
    measured_sent: int
    measured_answered: int
    in_window: int
    late: int
    queued: int
    unsent: int
    late_most_s: float
    window_from_s: float
    window_to_s: float
    cpu_s: float
    run_queue_s: float


@dataclass(frozen=True, slots=True)
class Clients:
    """How difficult clients of one kind fared; lives are those of connections that the server closed, in seconds."""

    opened: int
    closed: int
    refused: int
    shortest_s: float
    longest_s: float
    bytes_in: int
    bytes_out: int


cdef object counts(const c.fn_load_counts *n):
    return Counts(
        sent=n.sent,
        answered=n.answered,
        errors={kind: n.errors[i] for i, kind in enumerate(ERROR_KINDS) if n.errors[i]},
        details={
            kind: (<const char *>n.details[i]).decode("utf-8", "replace")
            for i, kind in enumerate(ERROR_KINDS)
            if n.details[i][0]
        },
        statuses={i: n.statuses[i] for i in range(1, c.FN_LOAD_STATUSES) if n.statuses[i]},
        connected=n.connected,
        open=n.open,
        bytes_in=n.bytes_in,
        bytes_out=n.bytes_out,
        stray=n.stray,
        measured_sent=n.measured_sent,
        measured_answered=n.measured_answered,
        in_window=n.in_window,
        late=n.late,
        queued=n.queued,
        unsent=n.unsent,
        late_most_s=n.late_most_ns / 1e9,
        window_from_s=n.window_from / 1e9,
        window_to_s=n.window_to / 1e9,
        cpu_s=n.cpu_ns / 1e9,
        run_queue_s=n.run_queue_ns / 1e9,
    )


cdef int set_address(
    c.sockaddr_storage *storage, c.socklen_t *size, object family, object address
) except -1:
    cdef c.sockaddr_in *v4 = <c.sockaddr_in *>storage
    cdef c.sockaddr_in6 *v6 = <c.sockaddr_in6 *>storage
    cdef c.sockaddr_un *local = <c.sockaddr_un *>storage
    cdef bytes text
    storage.ss_family = family
    if family == socket.AF_UNIX:
        text = os.fsencode(address)
        if len(text) >= <Py_ssize_t>sizeof(local.sun_path):
            raise ConfigError("unix_socket", address, f"a path under {sizeof(local.sun_path)} bytes")
        memcpy(local.sun_path, <const char *>text, len(text))
        size[0] = sizeof(c.sockaddr_un)
        return 0
    text = address[0].partition("%")[0].encode()
    if family == socket.AF_INET6:
        c.inet_pton(family, text, &v6.sin6_addr)
        v6.sin6_port = c.htons(address[1])
        v6.sin6_scope_id = address[3]
        size[0] = sizeof(c.sockaddr_in6)
    else:
        c.inet_pton(family, text, &v4.sin_addr)
        v4.sin_port = c.htons(address[1])
        size[0] = sizeof(c.sockaddr_in)
    return 0


@cython.final
cdef class Run:
    """One run. start(), then progress() until finished(), or stop(); then join(), counts() and the histograms."""

    cdef c.fn_load_plan plan
    cdef c.fn_load *load
    cdef c.fn_load_template *templates
    cdef int *cores
    cdef list kept    # bytes that the engine points into

    def __cinit__(
        self, *, str protocol, family, address, list templates, bytes pool, uint32_t threads, uint32_t connections,
        uint32_t pipeline, bint connect_per_request, bint poisson, double rate, uint64_t seed, double warmup_s,
        double duration_s, double timeout_s, uint64_t requests, int status, length, digest, cores, bint tls,
        str server_name, bint verify, ca_file,
    ):
        """`templates`: (head, body, random_len, until, no_body) of each. `digest`: None, "echo" or a CRC-32C."""
        cdef c.fn_load_plan *p = &self.plan
        cdef bytes head, body, name = server_name.encode("idna")
        self.kept = [templates, pool, name]
        if protocol == "http1":
            p.protocol = &c.fn_load_http1
        elif protocol == "echo":
            p.protocol = &c.fn_load_echo
        elif protocol == "framed":
            p.protocol = &c.fn_load_framed
        else:
            p.protocol = &c.fn_load_udp_echo
        self.templates = <c.fn_load_template *>calloc(len(templates), sizeof(c.fn_load_template))
        if self.templates == NULL:
            raise MemoryError
        for i, (head, body, random_len, until, no_body) in enumerate(templates):
            self.templates[i] = c.fn_load_template(head, body, len(head), len(body), random_len, until, no_body)
        p.content.templates = self.templates
        p.content.n_templates = len(templates)
        p.content.pool = pool
        p.content.pool_size = len(pool)
        p.content.status = status
        p.content.length = -1 if length is None else length
        p.content.digest = c.FN_DIGEST_ECHO if digest == "echo" else c.FN_DIGEST_FIXED
        if digest is None:
            p.content.digest = c.FN_DIGEST_NONE
        elif digest != "echo":
            p.content.crc32c = digest
        set_address(&p.address, &p.address_len, family, address)
        p.server_name = name
        p.verify = verify
        p.threads, p.connections, p.pipeline = threads, connections, pipeline
        p.connect_per_request, p.poisson, p.rate, p.seed = connect_per_request, poisson, rate, seed
        p.warmup_ns, p.duration_ns = <uint64_t>(warmup_s * 1e9), <uint64_t>(duration_s * 1e9)
        p.timeout_ns, p.requests = <uint64_t>(timeout_s * 1e9), requests
        if cores:
            self.cores = <int *>calloc(threads, sizeof(int))
            for i in range(threads):
                self.cores[i] = cores[i % len(cores)]
            p.cores = self.cores
        if tls:
            self.make_tls(ca_file)
        self.load = c.fn_load_new(p)
        if self.load == NULL:
            raise MemoryError("no memory, or no file descriptors, for so many connections and threads")

    cdef int make_tls(self, object ca_file) except -1:
        cdef char text[160]
        cdef bytes path = b"" if ca_file is None else os.fsencode(ca_file)
        memset(text, 0, sizeof(text))
        self.plan.tls = c.fn_tls_context(NULL if ca_file is None else <const char *>path, self.plan.verify, text)
        if self.plan.tls == NULL:
            reason = (<const char *>text).decode("utf-8", "replace")
            if ca_file is not None:
                raise ConfigError("ca_file", ca_file, f"a file of PEM certificates ({reason})")
            raise FastnetError(reason)
        return 0

    def __dealloc__(self):
        if self.load != NULL:
            c.fn_load_stop(self.load, 0)
            with nogil:
                c.fn_load_join(self.load)
            c.fn_load_free(self.load)
        c.fn_tls_context_free(self.plan.tls)
        free(self.templates)
        free(self.cores)

    def start(self):
        """Begin. OSError when threads cannot be made."""
        cdef int error = c.fn_load_start(self.load)
        if error:
            raise OSError(error, os.strerror(error))

    def stop(self, double grace_s):
        """Send nothing more, and wait up to `grace_s` for answers that are under way."""
        c.fn_load_stop(self.load, <uint64_t>(grace_s * 1e9))

    def finished(self):
        return bool(c.fn_load_finished(self.load))

    def join(self):
        with nogil:
            c.fn_load_join(self.load)

    def counts(self):
        """Counts of all threads; of a moment ago, while they run."""
        cdef c.fn_load_counts sum
        c.fn_load_progress(self.load, &sum)
        return counts(&sum)

    def thread_counts(self):
        """Counts of each thread. After join()."""
        return [counts(c.fn_load_counts_of(self.load, i)) for i in range(self.plan.threads)]

    def histograms(self):
        """(raw, corrected, connect): nanoseconds from the send, from when it was due, and to connect. After join()."""
        cdef Histogram raw = Histogram(), corrected = Histogram(), connect = Histogram()
        c.fn_load_histograms(self.load, &raw.h, &corrected.h, &connect.h)
        return raw, corrected, connect

    def answers(self):
        """Right answers of each connection. After join()."""
        cdef uint64_t *numbers = <uint64_t *>calloc(self.plan.connections, sizeof(uint64_t))
        if numbers == NULL:
            raise MemoryError
        c.fn_load_answers(self.load, numbers)
        found = [numbers[i] for i in range(self.plan.connections)]
        free(numbers)
        return found


@cython.final
cdef class Background:
    """Difficult clients beside a run: start(), then stop(), then counts()."""

    cdef c.fn_background_plan plan
    cdef c.fn_background *background
    cdef bytes request

    def __cinit__(self, *, family, address, list clients, double interval_s, bytes request):
        """`clients`: how many of each of CLIENT_KINDS. `request`: a whole one, with a head."""
        set_address(&self.plan.address, &self.plan.address_len, family, address)
        for i, n in enumerate(clients):
            self.plan.clients[i] = n
        self.request = request
        self.plan.interval_ns = <uint64_t>(interval_s * 1e9)
        self.plan.request = request
        self.plan.request_len = len(request)
        self.plan.endless = max(request.find(b"\r\n\r\n") + 2, 0) or len(request)
        self.background = c.fn_background_new(&self.plan)
        if self.background == NULL:
            raise MemoryError

    def __dealloc__(self):
        if self.background != NULL:
            self.stop()
            c.fn_background_free(self.background)

    def start(self):
        cdef int error = c.fn_background_start(self.background)
        if error:
            raise OSError(error, os.strerror(error))

    def tried(self):
        """Whether each client has asked to be let in, once."""
        return bool(c.fn_background_tried(self.background))

    def stop(self):
        with nogil:
            c.fn_background_stop(self.background)

    def counts(self):
        """Clients by kind, of the kinds there are."""
        cdef const c.fn_background_counts *n
        found = {}
        for i, kind in enumerate(CLIENT_KINDS):
            if self.plan.clients[i]:
                n = c.fn_background_counts_of(self.background, <c.fn_client_kind><int>i)
                found[kind] = Clients(
                    n.opened, n.closed, n.refused, n.shortest_ns / 1e9, n.longest_ns / 1e9, n.bytes_in, n.bytes_out
                )
        return found
