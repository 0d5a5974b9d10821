"""DNS messages (RFC 1035, RFC 6891): parsed in one pass that checks all of it, read as far as someone asks.

`Message.parse` raises, or everything in the message can be read. A message never changes; what differs is a new one.
`encode` cuts a message to a size as RFC 2181, section 9, and RFC 9471 ask for: whole sets of records are left out, the
last ones first, and TC is set where something was left out that the receiver needs.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.string cimport memcpy, memset

from fastnet.codecs cimport dns_names as d
from fastnet.codecs.cdns cimport (
    FN_DNS_HEADER_BYTES, FN_DNS_MESSAGE_MAX, FN_DNS_OPT, FN_DNS_TOO_LONG, fn_dns_message, fn_dns_record, fn_dns_writer,
)
from fastnet.codecs.dns_data cimport Data, read_data
from fastnet.codecs.dns_names cimport number

from fastnet.errors import LimitExceeded, ProtocolError

cdef enum:
    QR = 0x8000
    OPCODE = 0x7800
    AA = 0x0400
    TC = 0x0200
    RD = 0x0100
    RA = 0x0080
    AD = 0x0020
    CD = 0x0010
    RCODE = 0x000f
    FORMERR = 1
    DNSSEC_OK = 0x8000
    COOKIE = 10
    CLASS_IN = 1
    TYPE_NS = 2
    SMALL_BYTES = 4096         # a message up to this is written on the stack
    FEW_RECORDS = 64           # as many are found on the stack, and then copied

cdef object failure(int error):
    kind = LimitExceeded if error == FN_DNS_TOO_LONG else ProtocolError
    return kind((<bytes>d.error_text(error)).decode("ascii"), FORMERR)


@cython.final
@cython.freelist(32)
cdef class Question:
    """What is asked."""

    def __init__(self, str name not None, rdtype, rdclass=CLASS_IN):
        self.name = d.checked(name)
        self.rdtype, self.rdclass = number("rdtype", rdtype, 65535), number("rdclass", rdclass, 65535)

    def _values(self):
        return self.name, self.rdtype, self.rdclass

    def __repr__(self):
        return f"Question(name={self.name!r}, rdtype={self.rdtype}, rdclass={self.rdclass})"

    def __eq__(self, other):
        return self._values() == other._values() if type(self) is type(other) else NotImplemented

    def __hash__(self):
        return hash(self._values())

    def __reduce__(self):
        return Question, self._values()


@cython.final
@cython.freelist(64)
cdef class ResourceRecord:
    """One record; its data are read when they are asked for."""

    def __init__(self, str name not None, ttl, data, rdclass=CLASS_IN):
        self.name, self._data = d.checked(name), <Data?>data
        self.rdtype, self.rdclass = number("rdtype", data.rdtype, 65535), number("rdclass", rdclass, 65535)
        self.ttl = number("ttl", ttl, 0xffffffff)

    cdef object read(self):
        cdef fn_dns_record r
        with cython.critical_section(self):
            if self._data is None:
                r.type, r.rclass, r.data, r.data_len = self.rdtype, self.rdclass, self.at, self.size
                self._data = read_data(<const uint8_t *>PyBytes_AS_STRING(self.wire), PyBytes_GET_SIZE(self.wire), &r)
            return self._data

    @property
    def data(self):
        return self.read()

    def replace(self, *, name=None, ttl=None):
        """The same record with another owner or TTL."""
        return ResourceRecord(self.name if name is None else name, self.ttl if ttl is None else ttl, self.read(),
                              self.rdclass)

    cdef int write(self, fn_dns_writer *w) except -2:
        cdef size_t before
        cdef size_t size
        if (d.write_name(w, self.name, True) or d.write_u16(w, self.rdtype) or d.write_u16(w, self.rdclass)
                or d.write_u32(w, self.ttl) or d.write_u16(w, 0)):
            return -1
        before = w.used
        if (<Data>self.read()).write(w):
            return -1
        size = w.used - before
        w.buf[before - 2], w.buf[before - 1] = <uint8_t>(size >> 8), <uint8_t>size
        return 0

    def _values(self):
        return self.name, self.ttl, self.read(), self.rdclass

    def __repr__(self):
        return f"ResourceRecord(name={self.name!r}, ttl={self.ttl}, data={self.read()!r}, rdclass={self.rdclass})"

    def __eq__(self, other):
        return self._values() == other._values() if type(self) is type(other) else NotImplemented

    def __hash__(self):
        return hash(self._values())

    def __reduce__(self):
        return ResourceRecord, self._values()


@cython.final
@cython.freelist(16)
cdef class Edns:
    """What the OPT record says (RFC 6891)."""

    def __init__(self, payload_size=1232, *, version=0, dnssec_ok=False, options=(), flags=0):
        self.payload_size = number("payload_size", payload_size, 65535)
        self.version, self.flags = number("version", version, 255), number("flags", flags, 65535)
        if dnssec_ok:
            self.flags |= DNSSEC_OK
        for code, value in options:
            number("options", code, 65535)
            if not PyBytes_CheckExact(value):
                raise TypeError(f"options: {value!r:.100} given for option {code}, expected bytes")
        self.options = tuple([(code, value) for code, value in options])

    @property
    def dnssec_ok(self):
        return self.flags & DNSSEC_OK != 0

    def option(self, code):
        for have, value in self.options:
            if have == code:
                return value
        return None

    @property
    def cookie(self):
        return self.option(COOKIE)

    cdef Py_ssize_t size(self) except -1:
        cdef Py_ssize_t size = 11
        for _, value in self.options:
            size += 4 + PyBytes_GET_SIZE(value)
        return size

    cdef int write(self, fn_dns_writer *w, unsigned int rcode) except -2:
        cdef uint8_t root = 0
        if (d.write_bytes(w, &root, 1) or d.write_u16(w, FN_DNS_OPT) or d.write_u16(w, self.payload_size)
                or d.write_u32(w, (rcode >> 4) << 24 | <uint32_t>self.version << 16 | self.flags)
                or d.write_u16(w, self.size() - 11)):
            return -1
        for code, value in self.options:
            if (d.write_u16(w, code) or d.write_u16(w, PyBytes_GET_SIZE(value))
                    or d.write_bytes(w, PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value))):
                return -1
        return 0

    def _values(self):
        return self.payload_size, self.version, self.flags, self.options

    def __repr__(self):
        return (f"Edns(payload_size={self.payload_size}, version={self.version}, flags={self.flags:#x}, "
                f"options={self.options!r})")

    def __eq__(self, other):
        return self._values() == other._values() if type(self) is type(other) else NotImplemented

    def __hash__(self):
        return hash(self._values())

    def __reduce__(self):
        return edns_of, self._values()


def edns_of(payload_size, version, flags, options):
    return Edns(payload_size, version=version, flags=flags, options=options)


cdef Edns read_edns(const uint8_t *msg, const fn_dns_record *r):
    cdef Edns made = Edns.__new__(Edns)
    cdef size_t at = r.data, end = <size_t>r.data + r.data_len, size
    made.payload_size, made.version, made.flags = r.rclass, <uint8_t>(r.ttl >> 16), <uint16_t>r.ttl
    options = []
    while at < end:
        size = msg[at + 2] << 8 | msg[at + 3]
        options.append((msg[at] << 8 | msg[at + 1], PyBytes_FromStringAndSize(<const char *>msg + at + 4, size)))
        at += 4 + size
    made.options = tuple(options)
    return made


@cython.final
@cython.freelist(16)
cdef class Message:
    """One message."""

    def __init__(self, id=0, *, bint is_response=False, opcode=0, bint authoritative=False, bint truncated=False,
                 bint recursion_desired=False, bint recursion_available=False, bint authentic_data=False,
                 bint checking_disabled=False, rcode=0, questions=(), answers=(), authorities=(), additionals=(),
                 Edns edns=None):
        cdef unsigned int code = number("rcode", rcode, 4095)
        if self.wire is not None or self.sections is not None:
            raise TypeError("a message never changes")
        if code > RCODE and edns is None:
            raise ValueError(f"rcode: {rcode} given, expected at most {RCODE} without EDNS")
        self.id = number("id", id, 65535)
        self.flags = (QR * is_response | <int>number("opcode", opcode, 15) << 11 | AA * authoritative | TC * truncated
                      | RD * recursion_desired | RA * recursion_available | AD * authentic_data | CD * checking_disabled
                      | code & RCODE)
        self.high_rcode, self.edns, self.sections = code >> 4, edns, [(), (), (), ()]
        for i, items in enumerate((questions, answers, authorities, additionals)):
            section = tuple(items)
            if len(section) > 65535:
                raise ValueError(f"{len(section)} records in a section, expected at most 65535")
            for item in section:
                if type(item) is not (ResourceRecord if i else Question):
                    raise TypeError(f"{item!r:.100} given, expected a {'ResourceRecord' if i else 'Question'}")
            self.sections[i], self.count[i] = section, len(section)

    def __dealloc__(self):
        PyMem_Free(self.records)

    @staticmethod
    def parse(data, /):
        cdef bytes wire = data if PyBytes_CheckExact(data) else bytes(memoryview(data))
        cdef const uint8_t *msg = <const uint8_t *>PyBytes_AS_STRING(wire)
        cdef Py_ssize_t n = PyBytes_GET_SIZE(wire)
        cdef fn_dns_message m
        cdef fn_dns_record few[FEW_RECORDS]
        cdef fn_dns_record *records = few
        cdef size_t count, i
        cdef Message made
        if d.header(&m, msg, n) < 0:
            raise failure(m.error)
        count = m.count[0] + m.count[1] + m.count[2] + m.count[3]
        if count > FEW_RECORDS:
            records = <fn_dns_record *>PyMem_Malloc(count * sizeof(fn_dns_record))
            if records == NULL:
                raise MemoryError
        if d.scan(&m, msg, n, records) < 0:
            if records != few:
                PyMem_Free(records)
            raise failure(m.error)
        made = Message.__new__(Message)
        if records == few:
            made.records = <fn_dns_record *>PyMem_Malloc((count + 1) * sizeof(fn_dns_record))
            if made.records == NULL:
                raise MemoryError
            memcpy(made.records, few, count * sizeof(fn_dns_record))
        else:
            made.records = records
        made.wire, made.id, made.flags = wire, m.id, m.flags
        memcpy(made.count, m.count, sizeof(made.count))
        for i in range(count - m.count[3], count):
            if made.records[i].type == FN_DNS_OPT:
                made.edns, made.high_rcode = read_edns(msg, &made.records[i]), made.records[i].ttl >> 24
        return made

    @staticmethod
    def query(str name not None, rdtype, *, id=0, rdclass=CLASS_IN, bint recursion_desired=True, Edns edns=None):
        return Message(id, questions=(Question(name, rdtype, rdclass),), recursion_desired=recursion_desired, edns=edns)

    def response(self, *, rcode=0, bint authoritative=False, bint truncated=False, bint recursion_available=False,
                 answers=(), authorities=(), additionals=(), Edns edns=None):
        return Message(self.id, is_response=True, opcode=self.opcode, authoritative=authoritative, truncated=truncated,
                       recursion_desired=self.flags & RD, recursion_available=recursion_available,
                       checking_disabled=self.flags & CD, rcode=rcode, questions=self.section(0), answers=answers,
                       authorities=authorities, additionals=additionals, edns=edns)

    # --- what is in it

    cdef tuple section(self, int which):
        with cython.critical_section(self):
            if self.sections is None:
                self.sections = [None, None, None, None]
            if self.sections[which] is None:
                self.sections[which] = self.read(which)
            return self.sections[which]

    cdef tuple read(self, int which):
        cdef const uint8_t *msg = <const uint8_t *>PyBytes_AS_STRING(self.wire)
        cdef Py_ssize_t n = PyBytes_GET_SIZE(self.wire)
        cdef const fn_dns_record *r = self.records
        cdef size_t taken, i, before = 0
        cdef Question question
        cdef ResourceRecord record
        cdef str name = None
        cdef list found = []
        for i in range(<size_t>which):
            r += self.count[i]
        for i in range(self.count[which]):
            # Most records have the owner of the one before them.
            if name is None or r.name != before:
                name, before = d.read_name(msg, n, r.name, &taken), r.name
            if which == 0:
                question = Question.__new__(Question)
                question.name, question.rdtype, question.rdclass = name, r.type, r.rclass
                found.append(question)
            elif r.type != FN_DNS_OPT:
                record = ResourceRecord.__new__(ResourceRecord)
                record.name, record.rdtype, record.rdclass, record.ttl = name, r.type, r.rclass, r.ttl
                record.wire, record.at, record.size = self.wire, r.data, r.data_len
                found.append(record)
            r += 1
        return tuple(found)

    @property
    def questions(self):
        return self.section(0)

    @property
    def answers(self):
        return self.section(1)

    @property
    def authorities(self):
        return self.section(2)

    @property
    def additionals(self):
        return self.section(3)

    @property
    def opcode(self):
        return (self.flags & OPCODE) >> 11

    @property
    def rcode(self):
        return self.high_rcode << 4 | self.flags & RCODE

    @property
    def is_response(self):
        return self.flags & QR != 0

    @property
    def authoritative(self):
        return self.flags & AA != 0

    @property
    def truncated(self):
        return self.flags & TC != 0

    @property
    def recursion_desired(self):
        return self.flags & RD != 0

    @property
    def recursion_available(self):
        return self.flags & RA != 0

    @property
    def authentic_data(self):
        return self.flags & AD != 0

    @property
    def checking_disabled(self):
        return self.flags & CD != 0

    def _values(self):
        return (self.id, self.flags, self.rcode, self.edns, self.section(0), self.section(1), self.section(2),
                self.section(3))

    def __eq__(self, other):
        return self._values() == other._values() if type(self) is type(other) else NotImplemented

    def __hash__(self):
        return hash(self._values())

    def __reduce__(self):
        return message_of, (self.encode(),)

    def __repr__(self):
        return (f"<DNS {'response' if self.flags & QR else 'query'} {self.id}, rcode {self.rcode}: "
                f"{list(self.section(0))!r}, {self.count[1]} answers>")

    # --- writing

    def encode(self, max_bytes=FN_DNS_MESSAGE_MAX):
        cdef uint8_t small[SMALL_BYTES]
        cdef uint8_t *large
        cdef Py_ssize_t most = number("max_bytes", max_bytes, FN_DNS_MESSAGE_MAX)
        made = self.written(small, min(most, SMALL_BYTES), most <= SMALL_BYTES)
        if made is None and most > SMALL_BYTES:
            large = <uint8_t *>PyMem_Malloc(most)
            if large == NULL:
                raise MemoryError
            try:
                made = self.written(large, most, True)
            finally:
                PyMem_Free(large)
        if made is None:
            raise ValueError(f"max_bytes: {max_bytes} given, but header, question and OPT record take more")
        return made

    cdef object written(self, uint8_t *room, Py_ssize_t size, bint cut):
        """The message in so many bytes; None when it does not fit and must not be cut, or cannot be."""
        cdef fn_dns_writer w
        cdef fn_dns_message m
        cdef size_t set_start
        cdef Py_ssize_t opt = self.edns.size() if self.edns is not None else 0
        cdef unsigned int flags = self.flags, count = 0, set_count = 0
        cdef uint16_t counts[4]
        cdef int which
        cdef bint full = False
        cdef Question question
        cdef ResourceRecord record, last
        if size < <Py_ssize_t>FN_DNS_HEADER_BYTES + opt:
            return None
        memset(counts, 0, sizeof(counts))
        memset(room, 0, FN_DNS_HEADER_BYTES)
        d.write_begin(&w, room, size - opt)
        w.used = FN_DNS_HEADER_BYTES
        for question in self.section(0):
            if (d.write_name(&w, question.name, True) or d.write_u16(&w, question.rdtype)
                    or d.write_u16(&w, question.rdclass)):
                return None
        counts[0] = len(self.section(0))
        for which in range(1, 4):
            last, count, set_count, set_start = None, 0, 0, w.used
            for record in self.section(which):
                if last is None or record.name != last.name or record.rdtype != last.rdtype:
                    set_start, set_count = w.used, count
                if record.write(&w):
                    # All of a set or nothing of it; and nothing behind it.
                    d.write_rewind(&w, set_start)
                    count, full = set_count, True
                    if not cut:
                        return None
                    break
                last = record
                count += 1
            counts[which] = count
            if full:
                # Additional records are an extra, except the addresses that a referral needs (RFC 9471).
                if which < 3 or (self.count[1] == 0 and self.count[2] and self.section(2)[0].rdtype == TYPE_NS):
                    flags |= TC
                break
        if opt:
            w.room += opt
            if self.edns.write(&w, self.rcode):
                return None
            counts[3] += 1
        set_start, w.used = w.used, 0
        d.write_u16(&w, self.id)
        d.write_u16(&w, flags)
        for which in range(4):
            d.write_u16(&w, counts[which])
        w.used = set_start
        self.prove(room, w.used)
        return PyBytes_FromStringAndSize(<char *>room, w.used)

    cdef int prove(self, const uint8_t *wire, size_t size) except -1:
        """That what was written is a message: data that are only bytes may not be what their type asks for."""
        cdef fn_dns_message m
        cdef fn_dns_record few[FEW_RECORDS]
        cdef fn_dns_record *records = few
        cdef size_t count
        cdef Py_ssize_t read
        d.header(&m, wire, size)
        count = m.count[0] + m.count[1] + m.count[2] + m.count[3]
        if count > FEW_RECORDS:
            records = <fn_dns_record *>PyMem_Malloc(count * sizeof(fn_dns_record))
            if records == NULL:
                raise MemoryError
        read = d.scan(&m, wire, size, records)
        if records != few:
            PyMem_Free(records)
        if read < 0:
            raise ValueError(f"this message cannot be sent: {(<bytes>d.error_text(m.error)).decode('ascii')}")
        return 0


def message_of(wire):
    return Message.parse(wire)
