/* Requests and replies of memcached's protocol, whole and cut at every place, each ending at a page nobody may touch. */
#include "memcached.h"

static guarded memory;
static const fn_memcache_limits limits = {10, 8, 64};

typedef void (*reader)(outcome *, guarded, const fn_memcache_limits *, const char *, size_t, size_t);

static void gives(reader read, const char *data, size_t len, int error, const char *wanted) {
    outcome whole, cut;
    read(&whole, memory, &limits, data, len, 0);
    CHECK(strcmp(whole.text, wanted) == 0, "%s, not %s, of %s", whole.text, wanted, data);
    CHECK(whole.error == error, "error %d, not %d, of %s", whole.error, error, data);
    for (size_t step = 1; step < len; step++) {
        read(&cut, memory, &limits, data, len, step);
        same_outcome(&whole, &cut, step);
    }
}

#define REQUESTS(data, error, wanted) gives(read_requests, data, sizeof(data) - 1, error, wanted)
#define REPLIES(data, error, wanted) gives(read_replies, data, sizeof(data) - 1, error, wanted)

static void requests(void) {
    REQUESTS("get a\r\ngets a b\n", 0, "[1/0 a||][2/0 a| b|]");
    REQUESTS("gat 5 a\r\ngats -1 a b\r\ngat x a\r\ngat 5\r\n", 0, "[3/0 a||][4/0 a| b|][3/4 | x a|][3/1 | 5|]");
    REQUESTS("set a 1 -1 2\r\nhi\r\ncas a 0 0 0 18446744073709551615 noreply\r\n\r\n", 0, "[5/0 a||hi][10/0q a| noreply|]");
    REQUESTS("add a 0 0 1\r\nx\r\nreplace a 0 0 1\r\ny\r\nappend a 0 0 1\r\nz\r\nprepend a 0 0 1\r\n\n\r\n", 0,
             "[6/0 a||x][7/0 a||y][8/0 a||z][9/0 a||\n]");
    REQUESTS("delete a\r\ndelete a 0 noreply\r\ndelete a 5\r\n", 0, "[11/0 a| a|][11/0q a| a 0 noreply|][11/2 a| a 5|]");
    REQUESTS("incr a 18446744073709551615\r\ndecr a 18446744073709551616\r\nincr a -1\r\nincr a\r\n", 0,
             "[12/0 a| a 18446744073709551615|][13/3 a| a 18446744073709551616|][12/3 a| a -1|][12/1 | a|]");
    REQUESTS("touch a 9\r\ntouch a x\r\nstats items\r\n", 0, "[14/0 a| a 9|][14/4 a| a x|][15/0 | items|]");
    REQUESTS("flush_all\r\nflush_all 3 noreply\r\nflush_all x\r\nversion\r\nverbosity 1\r\nverbosity\r\nquit\r\n", 0,
             "[16/0 ||][16/0q | 3 noreply|][16/4 | x|][17/0 ||][18/0 | 1|][18/1 ||][19/0 ||]");
    REQUESTS("verbosity x\r\nverbosity 1 2\r\n", 0, "[18/2 | x|][18/1 | 1 2|]");
    REQUESTS("mg a v t\r\nms a 2 T5\r\nhi\r\nmd a q\r\nma a\r\nmn\r\nme a\r\nmg\r\n", 0,
             "[20/0 a| v t|][21/0 a| T5|hi][22/0 a| q|][23/0 a||][24/0 ||][25/0 a||][20/1 ||]");
    REQUESTS("nothing a\r\n\r\nGETS a\r\n", 0, "[0/1 | a|][0/1 ||][0/1 | a|]");
    /* limits: a key of 10, a value of 8, a line of 64 */
    REQUESTS("get 0123456789\r\nget 01234567890\r\nget a\x7f\r\nget a b\t\r\n", 0,
             "[1/0 0123456789||][1/2 01234567890||][1/2 a\x7f||][1/2 a| b\t|]");
    REQUESTS("set a 0 0 8\r\n01234567\r\nset a 0 0 9\r\n012345678\r\nmn\r\n", 0, "[5/0 a||01234567][5/5 a||][24/0 ||]");
    REQUESTS("set 01234567890 0 0 2\r\nmn\r\nset a 4294967296 0 1\r\n1\r\nset a 0 0 1 maybe\r\n2\r\nmn\r\n", 0,
             "[5/2 01234567890||][5/2 a||][5/2 a| maybe|][24/0 ||]");
    REQUESTS("ms a 9 q\r\n012345678\r\nmn\r\n", 0, "[21/5 a| q|][24/0 ||]");
    REQUESTS("get a b c d e f g h i j k l m n o p q r s t u v w x y z 0 1 2 3\r\n", 0,
             "[1/0 a| b c d e f g h i j k l m n o p q r s t u v w x y z 0 1 2 3|]");
    REQUESTS("get a b c d e f g h i j k l m n o p q r s t u v w x y z 0 1 2 3 4\r\n", FN_MEMCACHE_LINE_TOO_LONG, "");
    REQUESTS("set a 0 0 9\r\n012345678xx", FN_MEMCACHE_BAD_DATA, "[5/5 a||]");
    REQUESTS("set a 0 0 2\r\nhixx", FN_MEMCACHE_BAD_DATA, "");
    REQUESTS("set a 0 0\r\n", FN_MEMCACHE_BAD_LENGTH, "");
    REQUESTS("set a 0 0 -1\r\n", FN_MEMCACHE_BAD_LENGTH, "");
    REQUESTS("set a 0 0 2147483646\r\n", FN_MEMCACHE_BAD_LENGTH, "");
    REQUESTS("ms a\r\n", FN_MEMCACHE_BAD_LENGTH, "");
    REQUESTS("version\r\nPOST / HTTP/1.1\r\n", FN_MEMCACHE_HTTP, "[17/0 ||]");
    REQUESTS("Host: localhost\r\n", FN_MEMCACHE_HTTP, "");
}

static void replies(void) {
    REPLIES("VALUE a 1 2\r\nhi\r\nVALUE a 0 0 7\r\n\r\nEND\r\n", 0, "[1 a||hi][1 a| 7|][2 ||]");
    REPLIES("STORED\r\nNOT_STORED\r\nEXISTS\r\nNOT_FOUND\r\nDELETED\r\nTOUCHED\r\nOK\r\nRESET\r\n", 0,
            "[3 ||][4 ||][5 ||][6 ||][7 ||][8 ||][9 ||][10 ||]");
    REPLIES("18446744073709551615\r\nSTAT a b c\r\nSTAT a \r\nVERSION 1.6 x\r\n", 0, "[11 ||][12 a|b c|][12 a||][13 |1.6 x|]");
    REPLIES("ERROR\r\nCLIENT_ERROR bad  data\r\nSERVER_ERROR x\r\n", 0, "[14 ||][15 |bad  data|][16 |x|]");
    REPLIES("HD\r\nVA 2 c1 W\r\nhi\r\nEN\r\nNS\r\nEX O9\r\nNF\r\nMN\r\nME a exp=-1\r\n", 0,
            "[17 ||][18 | c1 W|hi][19 ||][20 ||][21 |O9|][22 ||][23 ||][24 |a exp=-1|]");
    REPLIES("VALUE a 0 8\r\n01234567\r\nVALUE a 0 9\r\n", FN_MEMCACHE_VALUE_TOO_LARGE, "[1 a||01234567]");
    REPLIES("VA 9\r\n", FN_MEMCACHE_VALUE_TOO_LARGE, "");
    REPLIES("VALUE 01234567890 0 1\r\n", FN_MEMCACHE_BAD_LENGTH, "");
    REPLIES("VALUE a x 1\r\n", FN_MEMCACHE_BAD_LENGTH, "");
    REPLIES("VALUE a 0 1 x\r\n", FN_MEMCACHE_BAD_LENGTH, "");
    REPLIES("VALUE a 0 1 1 1\r\n", FN_MEMCACHE_BAD_LENGTH, "");
    REPLIES("VA\r\n", FN_MEMCACHE_BAD_LENGTH, "");
    REPLIES("VA 1\r\nx\n\n", FN_MEMCACHE_BAD_DATA, "");
    REPLIES("hello\r\n", FN_MEMCACHE_BAD_REPLY, "");
    REPLIES("\r\n", FN_MEMCACHE_BAD_REPLY, "");
    REPLIES(" END\r\n", FN_MEMCACHE_BAD_REPLY, "");
    REPLIES("STAT\r\n", FN_MEMCACHE_BAD_REPLY, "");
    REPLIES("VERSION 012345678901234567890123456789012345678901234567890123456789\r\n", FN_MEMCACHE_LINE_TOO_LONG, "");
}

static void numbers(void) {
    int64_t value = 0;
    CHECK(fn_memcache_signed("9223372036854775807", 19, &value) && value == INT64_MAX, "%lld", (long long)value);
    CHECK(!fn_memcache_signed("9223372036854775808", 19, &value), "one more");
    CHECK(fn_memcache_signed("-12", 3, &value) && value == -12, "%lld", (long long)value);
    CHECK(!fn_memcache_signed("-", 1, &value) && !fn_memcache_signed("", 0, &value), "no digits");
    for (int error = 0; error < FN_MEMCACHE_ERROR_COUNT; error++) {
        CHECK(strcmp(fn_memcache_error_text(error), "unknown error") != 0, "text of %d", error);
    }
    CHECK(strcmp(fn_memcache_error_text(FN_MEMCACHE_ERROR_COUNT), "unknown error") == 0, "text");
}

int main(void) {
    memory = guarded_new(MAX_STREAM);
    requests();
    replies();
    numbers();
    return 0;
}
