# The meta commands of a cache: mg, ms, md, ma, me; the C face of fastnet.apps.memcache_meta.
from fastnet.apps.memcache_store cimport Store
from fastnet.codecs.cmemcache cimport fn_memcache_request
from fastnet.codecs.outbuffer cimport OutBuffer

cdef int answer_meta(Store store, OutBuffer out, const char *message, const fn_memcache_request *request) except -1
