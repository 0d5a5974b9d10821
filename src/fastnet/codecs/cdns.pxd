# The C kernels of csrc/include/fastnet/dns.h, as Cython sees them.
# For the extension that owns them (codecs/dns_names); everyone else cimports codecs.dns_names.
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

cdef extern from "fastnet/dns.h" nogil:
    enum:
        FN_DNS_HEADER_BYTES
        FN_DNS_MESSAGE_MAX
        FN_DNS_NAME_MAX
        FN_DNS_TEXT_MAX
        FN_DNS_A
        FN_DNS_NS
        FN_DNS_CNAME
        FN_DNS_SOA
        FN_DNS_PTR
        FN_DNS_MX
        FN_DNS_TXT
        FN_DNS_AAAA
        FN_DNS_SRV
        FN_DNS_OPT
        FN_DNS_SVCB
        FN_DNS_HTTPS
        FN_DNS_CAA
        FN_DNS_IN
        FN_DNS_CH
        FN_DNS_HS
        FN_DNS_TOO_LONG

    ctypedef struct fn_dns_message:
        uint16_t id
        uint16_t flags
        uint16_t count[4]
        uint8_t error

    ctypedef struct fn_dns_record:
        uint16_t name
        uint16_t type
        uint16_t rclass
        uint16_t data
        uint16_t data_len
        uint32_t ttl

    ctypedef struct fn_dns_writer:
        uint8_t *buf
        size_t room
        size_t used

    Py_ssize_t fn_dns_header(fn_dns_message *m, const uint8_t *msg, size_t n)
    size_t fn_dns_count(const fn_dns_message *m)
    Py_ssize_t fn_dns_scan(fn_dns_message *m, const uint8_t *msg, size_t n, fn_dns_record *records)
    Py_ssize_t fn_dns_name(const uint8_t *msg, size_t n, size_t at, uint8_t *name, size_t *name_len, uint8_t *error)
    void fn_dns_fold(uint8_t *out, const uint8_t *name, size_t n)
    uint32_t fn_dns_hash(const uint8_t *name, size_t n, uint32_t seed)
    size_t fn_dns_name_to_text(const uint8_t *name, size_t n, char *text)
    Py_ssize_t fn_dns_name_from_text(const char *text, size_t n, uint8_t *name)
    void fn_dns_write_begin(fn_dns_writer *w, uint8_t *buf, size_t room)
    int fn_dns_write_bytes(fn_dns_writer *w, const void *data, size_t n)
    int fn_dns_write_u16(fn_dns_writer *w, uint16_t value)
    int fn_dns_write_u32(fn_dns_writer *w, uint32_t value)
    int fn_dns_write_name(fn_dns_writer *w, const uint8_t *name, size_t n, int compress)
    void fn_dns_write_rewind(fn_dns_writer *w, size_t used)
    const char *fn_dns_error_text(int error)

cdef extern from "fastnet/siphash.h" nogil:
    uint64_t fn_siphash(const uint8_t *key, const void *data, size_t n)
