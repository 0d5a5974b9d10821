# A cache that speaks memcached's protocol. The C face of fastnet.apps.memcache.
from fastnet.apps.memcache_store cimport Store
from fastnet.codecs.cmemcache cimport fn_memcache_request
from fastnet.codecs.outbuffer cimport OutBuffer
from fastnet.protocols.memcache cimport ServerConnection

cdef class CacheConnection(ServerConnection):
    cdef readonly Store store
    cdef int _answer(self, const char *message, const fn_memcache_request *request) except -1
    cdef int _get(self, const char *message, const fn_memcache_request *request) except -1
    cdef int _store(self, const char *message, const fn_memcache_request *request) except -1
    cdef int _count(self, const char *message, const fn_memcache_request *request) except -1
    cdef int _delete(self, bytes key) except -1
    cdef int _touch(self, const char *message, const fn_memcache_request *request) except -1
    cdef int _stats(self, const char *message, const fn_memcache_request *request) except -1
    cdef int _say(self, bytes line) except -1
