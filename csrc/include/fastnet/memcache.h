/* memcached's text protocol, classic and meta commands: requests as a server reads them, replies as a client does.
 *
 *     fn_memcache_limits limits = {250, 1 << 20, 65536}; fn_memcache_state state = {0}; fn_memcache_request request;
 *     ptrdiff_t n = fn_memcache_parse_request(&request, &state, &limits, buf, len);
 *
 * buf[0] is where a message begins. The answer is the number of bytes consumed, those of one whole message with its
 * data block; FN_PARTIAL: it is not whole yet, call again with the same state and more bytes behind these; or FN_INVALID:
 * nothing that follows can be trusted (request.error says why), tell the peer and close. A request whose extent is known
 * but that is wrong in itself is consumed, with `error` set: answer the error and go on. FN_MEMCACHE_NOTHING is a
 * message that asks for nothing: bytes of an item that was too large, passed over without being kept.
 *
 * The stream may be cut anywhere: messages and errors are the same. Work is linear in the bytes, however they come.
 * A line ends with CR LF or LF; a data block with CR LF. */
#ifndef FASTNET_MEMCACHE_H
#define FASTNET_MEMCACHE_H

#include "fastnet/base.h"

FN_BEGIN

#define FN_MEMCACHE_KEY_MAX 250 /* memcached's own limit; with the flag b a key is base64 of less */

typedef enum {
    FN_MEMCACHE_NOTHING = 0,
    FN_MEMCACHE_GET, FN_MEMCACHE_GETS, FN_MEMCACHE_GAT, FN_MEMCACHE_GATS,
    FN_MEMCACHE_SET, FN_MEMCACHE_ADD, FN_MEMCACHE_REPLACE, FN_MEMCACHE_APPEND, FN_MEMCACHE_PREPEND, FN_MEMCACHE_CAS,
    FN_MEMCACHE_DELETE, FN_MEMCACHE_INCR, FN_MEMCACHE_DECR, FN_MEMCACHE_TOUCH,
    FN_MEMCACHE_STATS, FN_MEMCACHE_FLUSH_ALL, FN_MEMCACHE_VERSION, FN_MEMCACHE_VERBOSITY, FN_MEMCACHE_QUIT,
    FN_MEMCACHE_META_GET, FN_MEMCACHE_META_SET, FN_MEMCACHE_META_DELETE, FN_MEMCACHE_META_ARITHMETIC,
    FN_MEMCACHE_META_NOOP, FN_MEMCACHE_META_DEBUG,
    FN_MEMCACHE_VERB_COUNT
} fn_memcache_verb;

typedef enum {
    FN_MEMCACHE_OK = 0,
    /* the request was consumed */
    FN_MEMCACHE_UNKNOWN,     /* no such command, or an argument is missing */
    FN_MEMCACHE_BAD_FORMAT,  /* a key too long or with a control character, a number that is none */
    FN_MEMCACHE_BAD_DELTA,
    FN_MEMCACHE_BAD_EXPTIME,
    FN_MEMCACHE_TOO_LARGE,   /* the item is over max_value; its bytes are passed over */
    /* the stream is at its end */
    FN_MEMCACHE_BAD_LENGTH,  /* a storage command, or a VALUE, whose data block has no length that can be read */
    FN_MEMCACHE_BAD_DATA,    /* no CR LF behind the data block */
    FN_MEMCACHE_LINE_TOO_LONG,
    FN_MEMCACHE_HTTP,        /* a browser made to talk to a cache */
    FN_MEMCACHE_BAD_REPLY,   /* a client: no line that a server may send */
    FN_MEMCACHE_VALUE_TOO_LARGE,
    FN_MEMCACHE_ERROR_COUNT
} fn_memcache_error;

typedef struct {
    uint32_t max_key;
    uint32_t max_value; /* bytes of a data block */
    uint32_t max_line;  /* bytes of a line, without its end */
} fn_memcache_limits;

/* One stream's; begins as all zeros. */
typedef struct {
    size_t needed;   /* the message that is not whole has at least so many bytes; 0: nothing is known */
    size_t searched; /* private: bytes of its line that have no end in them */
    uint64_t skip;   /* private: bytes of a refused data block that are still to come */
} fn_memcache_state;

/* Offsets are into the caller's buffer. */
typedef struct {
    uint8_t verb, error;
    uint8_t noreply;
    uint32_t client_flags;  /* of a storage command */
    int64_t exptime;        /* of storage, touch, gat, flush_all (the delay; -1 where none is given) */
    uint64_t number;        /* cas: its unique; incr, decr: the delta */
    size_t key, key_len;    /* the first or only key */
    size_t more, line_end;  /* further keys of get; flags of a meta command; arguments of stats: fn_memcache_next() */
    size_t value, value_len;
} fn_memcache_request;

typedef enum {
    FN_MEMCACHE_VALUE = 1, /* key, client_flags, number (cas) if has_number, value */
    FN_MEMCACHE_END, FN_MEMCACHE_STORED, FN_MEMCACHE_NOT_STORED, FN_MEMCACHE_EXISTS, FN_MEMCACHE_NOT_FOUND,
    FN_MEMCACHE_DELETED, FN_MEMCACHE_TOUCHED, FN_MEMCACHE_DONE, /* OK */ FN_MEMCACHE_RESET,
    FN_MEMCACHE_NUMBER,        /* of incr and decr: number */
    FN_MEMCACHE_STAT,          /* its name in key; its value from more to line_end */
    FN_MEMCACHE_VERSION_REPLY, /* from more to line_end */
    FN_MEMCACHE_ERROR,         /* the command is not known */
    FN_MEMCACHE_CLIENT_ERROR, FN_MEMCACHE_SERVER_ERROR, /* the text from more to line_end */
    FN_MEMCACHE_HD, FN_MEMCACHE_VA, FN_MEMCACHE_EN, FN_MEMCACHE_NS, FN_MEMCACHE_EX, FN_MEMCACHE_NF, FN_MEMCACHE_MN,
    FN_MEMCACHE_ME,            /* flags, or of ME key and facts, from more to line_end */
    FN_MEMCACHE_REPLY_COUNT
} fn_memcache_kind;

typedef struct {
    uint8_t kind, error;
    uint8_t has_number;
    uint32_t client_flags;
    uint64_t number;
    size_t key, key_len;
    size_t more, line_end;
    size_t value, value_len;
} fn_memcache_reply;

ptrdiff_t fn_memcache_parse_request(fn_memcache_request *request, fn_memcache_state *state,
                                    const fn_memcache_limits *limits, const char *buf, size_t len);
/* max_key and max_value hold for VALUE and VA, too. */
ptrdiff_t fn_memcache_parse_reply(fn_memcache_reply *reply, fn_memcache_state *state, const fn_memcache_limits *limits,
                                  const char *buf, size_t len);

/* The next word of a line from *at on, which is moved behind it; 0: there is none before `end`. */
size_t fn_memcache_next(const char *buf, size_t *at, size_t end, size_t *word);
/* A word that is an unsigned decimal number, with nothing else; 0: it is none, or does not fit. */
int fn_memcache_number(const char *word, size_t len, uint64_t *number);
int fn_memcache_signed(const char *word, size_t len, int64_t *number);
/* 1 to max_key bytes, none of them a control character or a space. */
int fn_memcache_is_key(const char *key, size_t len, size_t max_key);

/* What a server answers, without CR LF, and what a client tells. */
const char *fn_memcache_error_text(int error);

FN_END

#endif
