# The load generator of csrc/load/engine.h, as Cython sees it.
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from fastnet.bench.chistogram cimport fn_histogram

cdef extern from "<sys/socket.h>" nogil:
    ctypedef unsigned int socklen_t
    cdef struct sockaddr_storage:
        unsigned short ss_family

cdef extern from "<arpa/inet.h>" nogil:
    int inet_pton(int family, const char *text, void *address)
    unsigned short htons(unsigned short value)

cdef extern from "<netinet/in.h>" nogil:
    cdef struct in6_addr:
        pass
    cdef struct in_addr:
        pass
    cdef struct sockaddr_in:
        unsigned short sin_family
        unsigned short sin_port
        in_addr sin_addr
    cdef struct sockaddr_in6:
        unsigned short sin6_family
        unsigned short sin6_port
        in6_addr sin6_addr
        uint32_t sin6_scope_id

cdef extern from "<sys/un.h>" nogil:
    cdef struct sockaddr_un:
        unsigned short sun_family
        char sun_path[108]

cdef extern from "load/protocol.h" nogil:
    enum:
        FN_LOAD_ERRORS
        FN_LOAD_STATUSES

    ctypedef enum fn_load_digest:
        FN_DIGEST_NONE
        FN_DIGEST_FIXED
        FN_DIGEST_ECHO

    ctypedef struct fn_load_template:
        const char *head
        const char *body
        size_t head_len
        size_t body_len
        size_t random_len
        uint64_t until
        uint8_t no_body

    ctypedef struct fn_load_content:
        const char *pool
        size_t pool_size
        const fn_load_template *templates
        size_t n_templates
        int status
        int64_t length
        fn_load_digest digest
        uint32_t crc32c

    ctypedef struct fn_load_protocol:
        size_t state_size

    const fn_load_protocol fn_load_http1
    const fn_load_protocol fn_load_echo
    const fn_load_protocol fn_load_framed
    const fn_load_protocol fn_load_udp_echo

cdef extern from "load/tls.h" nogil:
    enum:
        FN_TLS_TEXT
    void *fn_tls_context(const char *ca_file, int verify, char *text)
    void fn_tls_context_free(void *context)

cdef extern from "load/engine.h" nogil:
    ctypedef struct fn_load_plan:
        const fn_load_protocol *protocol
        fn_load_content content
        sockaddr_storage address
        socklen_t address_len
        void *tls
        const char *server_name
        int verify
        uint32_t threads
        uint32_t connections
        uint32_t pipeline
        const int *cores
        int connect_per_request
        int poisson
        double rate
        uint64_t seed
        uint64_t warmup_ns
        uint64_t duration_ns
        uint64_t timeout_ns
        uint64_t requests

    ctypedef struct fn_load_counts:
        uint64_t sent
        uint64_t answered
        uint64_t errors[8]
        uint64_t statuses[600]
        uint64_t connected
        uint64_t open
        uint64_t bytes_in
        uint64_t bytes_out
        uint64_t stray
        uint64_t measured_sent
        uint64_t measured_answered
        uint64_t in_window
        uint64_t late
        uint64_t queued
        uint64_t unsent
        uint64_t late_most_ns
        uint64_t window_from
        uint64_t window_to
        uint64_t cpu_ns
        uint64_t run_queue_ns
        char details[8][200]

    ctypedef struct fn_load:
        pass

    fn_load *fn_load_new(const fn_load_plan *plan)
    int fn_load_start(fn_load *load)
    void fn_load_stop(fn_load *load, uint64_t grace_ns)
    int fn_load_finished(const fn_load *load)
    void fn_load_join(fn_load *load)
    void fn_load_free(fn_load *load)
    void fn_load_progress(const fn_load *load, fn_load_counts *sum)
    void fn_load_histograms(const fn_load *load, fn_histogram *raw, fn_histogram *corrected, fn_histogram *connect)
    const fn_load_counts *fn_load_counts_of(const fn_load *load, uint32_t thread)
    void fn_load_answers(const fn_load *load, uint64_t *of_connection)

cdef extern from "load/background.h" nogil:
    enum:
        FN_CLIENT_KINDS

    ctypedef enum fn_client_kind:
        pass

    ctypedef struct fn_background_plan:
        sockaddr_storage address
        socklen_t address_len
        uint32_t clients[4]
        uint64_t interval_ns
        const char *request
        size_t request_len
        size_t endless

    ctypedef struct fn_background_counts:
        uint64_t opened
        uint64_t closed
        uint64_t refused
        uint64_t shortest_ns
        uint64_t longest_ns
        uint64_t bytes_in
        uint64_t bytes_out

    ctypedef struct fn_background:
        pass

    fn_background *fn_background_new(const fn_background_plan *plan)
    int fn_background_start(fn_background *background)
    bint fn_background_tried(const fn_background *background)
    void fn_background_stop(fn_background *background)
    void fn_background_free(fn_background *background)
    const fn_background_counts *fn_background_counts_of(const fn_background *background, fn_client_kind kind)
