# The exchanges of an HTTP/2 connection.
from fastnet.apps.base cimport Carrier
from fastnet.protocols.http2 cimport Http2Connection
from fastnet.protocols.http2_sender cimport Stream
from fastnet.servers.pump cimport Channel, Streams

# A stream, as an application sees it.
cdef class StreamCarrier(Carrier):
    cdef Channel channel
    cdef tuple record                  # for the access log
    cdef double began                  # when its head had come

cdef class Http2Streams(Streams):
    cdef Channel channel
    cdef Http2Connection conn
    cdef int _open(self, Stream stream) except -1
    cdef int _after(self, Stream stream) except -1
    cdef int _lose(self, Stream stream) except -1
    cdef bint _drain(self) except -1
    cdef int _send(self) except -1
    cdef int _told(self, Stream stream, StreamCarrier carrier) except -1
