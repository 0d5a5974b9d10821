"""The data of DNS records, by their type.

Data are values: they never change, equal what has the same type and fields, can be hashed and pickled. Those of a type
that is not here are `Unknown`: their bytes (RFC 3597). What is read was checked when its message was scanned.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memcpy

from fastnet.codecs cimport cdns as c
from fastnet.codecs.dns_names cimport (
    ascii, checked, number, read_name, write_bytes, write_name, write_u16, write_u32,
)

cdef extern from "arpa/inet.h" nogil:
    enum:
        AF_INET
        AF_INET6
    const char *inet_ntop(int family, const void *octets, char *text, unsigned int room)
    int inet_pton(int family, const char *text, void *octets)


# --- data ------------------------------------------------------------------------------------------------------------

cdef class Data:
    """Base of all data."""

    rdtype = 0
    _fields = ()

    cdef int write(self, fn_dns_writer *w) except -2:
        raise TypeError(f"{type(self).__name__} is no data by itself")

    def _values(self):
        return tuple([getattr(self, name) for name in self._fields])

    def __repr__(self):
        return f"{type(self).__name__}({', '.join([f'{name}={getattr(self, name)!r}' for name in self._fields])})"

    def __eq__(self, other):
        if type(self) is not type(other):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self):
        return hash((type(self), self._values()))

    def __reduce__(self):
        return type(self), self._values()


cdef class Address(Data):
    _fields = ("address",)

    @property
    def packed(self):
        return PyBytes_FromStringAndSize(<char *>self.octets, 4 if isinstance(self, A) else 16)


@cython.final
cdef class A(Address):
    rdtype = c.FN_DNS_A

    def __init__(self, str address not None):
        cdef bytes text = address.encode()
        if inet_pton(AF_INET, text, self.octets) != 1:
            raise ValueError(f"address: {address!r:.100} given, expected an IPv4 address, such as 192.0.2.1")

    @property
    def address(self):
        cdef char text[16]
        cdef int n = 0, i
        cdef uint8_t octet
        for i in range(4):
            octet = self.octets[i]
            if octet >= 100:
                text[n] = 48 + octet // 100
                n += 1
            if octet >= 10:
                text[n] = 48 + octet // 10 % 10
                n += 1
            text[n] = 48 + octet % 10
            text[n + 1] = 46
            n += 2
        return ascii(text, n - 1)

    cdef int write(self, fn_dns_writer *w) except -2:
        return write_bytes(w, self.octets, 4)


@cython.final
cdef class AAAA(Address):
    rdtype = c.FN_DNS_AAAA

    def __init__(self, str address not None):
        cdef bytes text = address.encode()
        if inet_pton(AF_INET6, text, self.octets) != 1:
            raise ValueError(f"address: {address!r:.100} given, expected an IPv6 address, such as 2001:db8::1")

    @property
    def address(self):
        cdef char text[64]
        inet_ntop(AF_INET6, self.octets, text, sizeof(text))
        return (<bytes>text).decode("ascii")

    cdef int write(self, fn_dns_writer *w) except -2:
        return write_bytes(w, self.octets, 16)


cdef class Target(Data):
    _fields = ("target",)

    def __init__(self, str target not None):
        self.target = checked(target)

    cdef int write(self, fn_dns_writer *w) except -2:
        return write_name(w, self.target, True)


@cython.final
cdef class NS(Target):
    rdtype = c.FN_DNS_NS


@cython.final
cdef class CNAME(Target):
    rdtype = c.FN_DNS_CNAME


@cython.final
cdef class PTR(Target):
    rdtype = c.FN_DNS_PTR


@cython.final
cdef class MX(Data):
    rdtype = c.FN_DNS_MX
    _fields = ("preference", "exchange")

    def __init__(self, preference, str exchange not None):
        self.preference = number("preference", preference, 65535)
        self.exchange = checked(exchange)

    cdef int write(self, fn_dns_writer *w) except -2:
        return -1 if write_u16(w, self.preference) else write_name(w, self.exchange, True)


@cython.final
cdef class SOA(Data):
    rdtype = c.FN_DNS_SOA
    _fields = ("mname", "rname", "serial", "refresh", "retry", "expire", "minimum")

    def __init__(self, str mname not None, str rname not None, serial, refresh, retry, expire, minimum):
        self.mname, self.rname = checked(mname), checked(rname)
        self.serial = number("serial", serial, 0xffffffff)
        self.refresh = number("refresh", refresh, 0xffffffff)
        self.retry = number("retry", retry, 0xffffffff)
        self.expire = number("expire", expire, 0xffffffff)
        self.minimum = number("minimum", minimum, 0xffffffff)

    cdef int write(self, fn_dns_writer *w) except -2:
        if write_name(w, self.mname, True) or write_name(w, self.rname, True):
            return -1
        for value in (self.serial, self.refresh, self.retry, self.expire, self.minimum):
            if write_u32(w, value):
                return -1
        return 0


@cython.final
cdef class TXT(Data):
    rdtype = c.FN_DNS_TXT
    _fields = ("strings",)

    def __init__(self, strings):
        cdef tuple given = tuple([bytes(memoryview(item)) for item in strings])
        if not given or max(map(len, given)) > 255:
            raise ValueError("strings: expected at least one, each of at most 255 bytes")
        self.strings = given

    cdef int write(self, fn_dns_writer *w) except -2:
        cdef uint8_t size
        for item in self.strings:
            size = PyBytes_GET_SIZE(item)
            if write_bytes(w, &size, 1) or write_bytes(w, PyBytes_AS_STRING(item), size):
                return -1
        return 0


@cython.final
cdef class SRV(Data):
    rdtype = c.FN_DNS_SRV
    _fields = ("priority", "weight", "port", "target")

    def __init__(self, priority, weight, port, str target not None):
        self.priority = number("priority", priority, 65535)
        self.weight = number("weight", weight, 65535)
        self.port = number("port", port, 65535)
        self.target = checked(target)

    cdef int write(self, fn_dns_writer *w) except -2:
        if (write_u16(w, self.priority) or write_u16(w, self.weight)
                or write_u16(w, self.port)):
            return -1
        return write_name(w, self.target, False)


@cython.final
cdef class CAA(Data):
    rdtype = c.FN_DNS_CAA
    _fields = ("flags", "tag", "value")

    def __init__(self, flags, bytes tag not None, bytes value not None):
        if not tag.isalnum() or len(tag) > 255:
            raise ValueError(f"tag: {tag!r:.300} given, expected 1 to 255 letters and digits")
        self.flags, self.tag, self.value = number("flags", flags, 255), tag, value

    cdef int write(self, fn_dns_writer *w) except -2:
        cdef uint8_t head[2]
        head[0], head[1] = self.flags, PyBytes_GET_SIZE(self.tag)
        if write_bytes(w, head, 2) or write_bytes(w, PyBytes_AS_STRING(self.tag), head[1]):
            return -1
        return write_bytes(w, PyBytes_AS_STRING(self.value), PyBytes_GET_SIZE(self.value))


cdef class SVCB(Data):
    rdtype = c.FN_DNS_SVCB
    _fields = ("priority", "target", "params")

    def __init__(self, priority, str target not None, params=()):
        self.priority = number("priority", priority, 65535)
        self.target = checked(target)
        pairs = dict(params)
        for key, value in pairs.items():
            number("params", key, 65534)
            if not isinstance(value, bytes) or len(value) > 65535:
                raise ValueError(f"params: {value!r:.300} given for key {key}, expected bytes, at most 65535")
        self.params = tuple(sorted(pairs.items()))

    def _value(self, wanted):
        for key, value in self.params:
            if key == wanted:
                return value
        return None

    @property
    def mandatory(self):
        value = self._value(0) or b""
        return tuple([int.from_bytes(value[at:at + 2], "big") for at in range(0, len(value), 2)])

    @property
    def alpn(self):
        return tuple(strings_of(self._value(1) or b""))

    @property
    def port(self):
        value = self._value(3)
        return None if value is None else int.from_bytes(value, "big")

    @property
    def ipv4hint(self):
        value = self._value(4) or b""
        return tuple([".".join(map(str, value[at:at + 4])) for at in range(0, len(value), 4)])

    @property
    def ipv6hint(self):
        cdef char text[64]
        cdef bytes value = self._value(6) or b""
        found = []
        for at in range(0, len(value) // 16 * 16, 16):
            inet_ntop(AF_INET6, PyBytes_AS_STRING(value) + <Py_ssize_t>at, text, sizeof(text))
            found.append((<bytes>text).decode("ascii"))
        return tuple(found)

    cdef int write(self, fn_dns_writer *w) except -2:
        if write_u16(w, self.priority) or write_name(w, self.target, False):
            return -1
        for key, value in self.params:
            if (write_u16(w, key) or write_u16(w, PyBytes_GET_SIZE(value))
                    or write_bytes(w, PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value))):
                return -1
        return 0


@cython.final
cdef class HTTPS(SVCB):
    rdtype = c.FN_DNS_HTTPS


@cython.final
cdef class Unknown(Data):
    _fields = ("rdtype", "data")

    def __init__(self, rdtype, bytes data not None):
        self.rdtype = number("rdtype", rdtype, 65535)
        if len(data) > 65535:
            raise ValueError(f"data: {len(data)} bytes given, expected at most 65535")
        self.data = data

    cdef int write(self, fn_dns_writer *w) except -2:
        return write_bytes(w, PyBytes_AS_STRING(self.data), PyBytes_GET_SIZE(self.data))


cdef list strings_of(bytes data):
    cdef Py_ssize_t at = 0
    found = []
    while at < len(data):
        found.append(data[at + 1:at + 1 + data[at]])
        at += 1 + data[at]
    return found


cdef int write_data(fn_dns_writer *w, object data) except -2:
    return (<Data?>data).write(w)


# --- reading ---------------------------------------------------------------------------------------------------------

cdef inline uint16_t u16(const uint8_t *p) noexcept nogil:
    return p[0] << 8 | p[1]


cdef inline uint32_t u32(const uint8_t *p) noexcept nogil:
    return <uint32_t>u16(p) << 16 | u16(p + 2)


cdef Target read_target(Target made, const uint8_t *msg, size_t n, size_t at):
    cdef size_t taken
    made.target = read_name(msg, n, at, &taken)
    return made


cdef MX read_mx(const uint8_t *msg, size_t n, size_t at):
    cdef size_t taken
    cdef MX made = MX.__new__(MX)
    made.preference = u16(msg + at)
    made.exchange = read_name(msg, n, at + 2, &taken)
    return made


cdef SRV read_srv(const uint8_t *msg, size_t n, size_t at):
    cdef size_t taken
    cdef SRV made = SRV.__new__(SRV)
    made.priority, made.weight, made.port = u16(msg + at), u16(msg + at + 2), u16(msg + at + 4)
    made.target = read_name(msg, n, at + 6, &taken)
    return made


cdef SOA read_soa(const uint8_t *msg, size_t n, size_t at):
    cdef size_t taken
    cdef SOA made = SOA.__new__(SOA)
    made.mname = read_name(msg, n, at, &taken)
    at += taken
    made.rname = read_name(msg, n, at, &taken)
    at += taken
    made.serial, made.refresh, made.retry = u32(msg + at), u32(msg + at + 4), u32(msg + at + 8)
    made.expire, made.minimum = u32(msg + at + 12), u32(msg + at + 16)
    return made


cdef SVCB read_service(SVCB made, const uint8_t *msg, size_t at, size_t end):
    cdef size_t taken, size
    made.priority = u16(msg + at)
    made.target = read_name(msg, end, at + 2, &taken)
    at += 2 + taken
    params = []
    while at < end:
        size = u16(msg + at + 2)
        params.append((u16(msg + at), PyBytes_FromStringAndSize(<const char *>msg + at + 4, size)))
        at += 4 + size
    made.params = tuple(params)
    return made


cdef object read_data(const uint8_t *msg, size_t n, const fn_dns_record *r):
    cdef const uint8_t *p = msg + r.data
    cdef Address address
    cdef CAA caa
    cdef TXT txt
    cdef Unknown unknown
    cdef size_t end = <size_t>r.data + r.data_len
    cdef unsigned int kind = r.type
    if r.rclass != c.FN_DNS_IN:
        if r.rclass not in (c.FN_DNS_CH, c.FN_DNS_HS) or kind in (
                c.FN_DNS_A, c.FN_DNS_AAAA, c.FN_DNS_SRV, c.FN_DNS_SVCB, c.FN_DNS_HTTPS):
            kind = 0
    if kind == c.FN_DNS_A:
        address = A.__new__(A)
        memcpy(address.octets, p, 4)
        return address
    if kind == c.FN_DNS_AAAA:
        address = AAAA.__new__(AAAA)
        memcpy(address.octets, p, 16)
        return address
    if kind == c.FN_DNS_NS:
        return read_target(NS.__new__(NS), msg, n, r.data)
    if kind == c.FN_DNS_CNAME:
        return read_target(CNAME.__new__(CNAME), msg, n, r.data)
    if kind == c.FN_DNS_PTR:
        return read_target(PTR.__new__(PTR), msg, n, r.data)
    if kind == c.FN_DNS_MX:
        return read_mx(msg, n, r.data)
    if kind == c.FN_DNS_SOA:
        return read_soa(msg, n, r.data)
    if kind == c.FN_DNS_SRV:
        return read_srv(msg, n, r.data)
    if kind == c.FN_DNS_HTTPS:
        return read_service(HTTPS.__new__(HTTPS), msg, r.data, end)
    if kind == c.FN_DNS_SVCB:
        return read_service(SVCB.__new__(SVCB), msg, r.data, end)
    data = PyBytes_FromStringAndSize(<const char *>p, r.data_len)
    if kind == c.FN_DNS_TXT:
        txt = TXT.__new__(TXT)
        txt.strings = tuple(strings_of(data))
        return txt
    if kind == c.FN_DNS_CAA:
        caa = CAA.__new__(CAA)
        caa.flags, caa.tag, caa.value = p[0], data[2:2 + p[1]], data[2 + p[1]:]
        return caa
    unknown = Unknown.__new__(Unknown)
    unknown.rdtype, unknown.data = r.type, data
    return unknown
