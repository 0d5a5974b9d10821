/* Whole MessagePack objects: walking past them, UTF-8. */
#include "fastnet/msgpack.h"

#include "cpu_level.h"

int fn_msgpack_utf8(const void *buf, size_t len) {
    const uint8_t *p = buf, *end = p + len;
    while (p < end) {
        if (end - p >= 8 && !(fn_msgpack_load64(p) & 0x8080808080808080u)) {
            p += 8;
            continue;
        }
        uint8_t first = *p++;
        if (first < 0x80) continue;
        if (first < 0xc2 || first > 0xf4) return 0;
        int more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
        if (end - p < more) return 0;
        /* The second byte of these four has a narrower range: no overlong form, no surrogate, nothing too large. */
        uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
        uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
        if (*p < low || *p > high) return 0;
        for (int i = 1; i < more; i++)
            if ((p[i] & 0xc0) != 0x80) return 0;
        p += more;
    }
    return 1;
}

/* An object has ended: its container has one less to come, and may end with it. */
FN_INLINE void ended(fn_msgpack_walk *walk) {
    while (walk->depth && --walk->left[walk->depth - 1] == 0) walk->depth--;
    walk->done = walk->depth == 0;
}

ptrdiff_t fn_msgpack_skip(fn_msgpack_walk *walk, const void *buf, size_t len) {
    const uint8_t *p = buf, *end = p + len;
    ptrdiff_t answer = FN_PARTIAL;
    while (!walk->done) {
        if (walk->payload) {
            size_t n = (size_t)(end - p) < walk->payload ? (size_t)(end - p) : walk->payload;
            p += n;
            walk->payload -= (uint32_t)n;
            if (walk->payload) break;
            ended(walk);
            continue;
        }
        fn_msgpack_head head = {0};
        ptrdiff_t size = fn_msgpack_read(p, (size_t)(end - p), &head);
        if (size < 0) {
            answer = size;
            break;
        }
        uint64_t more = 0;
        switch (head.kind) {
        case FN_MSGPACK_STR:
            if (walk->utf8 && head.length) {
                if ((size_t)(end - p - size) < head.length) goto out;
                if (!fn_msgpack_utf8(p + size, head.length)) {
                    answer = FN_INVALID;
                    goto out;
                }
            }
            walk->payload = head.length;
            break;
        case FN_MSGPACK_BIN:
        case FN_MSGPACK_EXT: walk->payload = head.length; break;
        case FN_MSGPACK_ARRAY: more = head.length; break;
        case FN_MSGPACK_MAP: more = 2 * (uint64_t)head.length; break;
        default: break;
        }
        if (head.kind >= FN_MSGPACK_ARRAY && walk->depth == walk->depth_most) {
            answer = FN_INVALID;
            break;
        }
        p += size;
        if (more)
            walk->left[walk->depth++] = more;
        else if (!walk->payload)
            ended(walk);
    }
out:
    walk->consumed = (size_t)(p - (const uint8_t *)buf);
    return walk->done ? (ptrdiff_t)walk->consumed : answer;
}
