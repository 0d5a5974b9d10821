/* URLs and the parts they must give. */
#include "check.h"
#include "fastnet/url.h"

static guarded memory;

static fn_url parsed(const char *text, int authority_only) {
    fn_url url;
    size_t len = strlen(text);
    ptrdiff_t n = fn_url_parse(&url, guarded_put(memory, text, len), len, authority_only);
    CHECK(n == (ptrdiff_t)len, "%td for %s", n, text);
    return url;
}

static int part_is(const char *text, fn_span part, const char *wanted) {
    return part.len == strlen(wanted) && memcmp(text + part.start, wanted, part.len) == 0;
}

/* NULL: the part is missing. */
static void gives(const char *text, const char *scheme, const char *userinfo, const char *host, int port,
                  const char *path, const char *query, const char *fragment) {
    fn_url u = parsed(text, 0);
    CHECK(u.has_scheme == (scheme != NULL) && part_is(text, u.scheme, scheme ? scheme : ""), "scheme of %s", text);
    CHECK(u.has_userinfo == (userinfo != NULL) && part_is(text, u.userinfo, userinfo ? userinfo : ""), "user %s", text);
    CHECK(u.has_authority == (host != NULL) && part_is(text, u.host, host ? host : ""), "host of %s", text);
    CHECK(u.has_port == (port >= 0) && u.port == (port >= 0 ? port : 0), "port of %s", text);
    CHECK(part_is(text, u.path, path), "path of %s", text);
    CHECK(u.has_query == (query != NULL) && part_is(text, u.query, query ? query : ""), "query of %s", text);
    CHECK(u.has_fragment == (fragment != NULL) && part_is(text, u.fragment, fragment ? fragment : ""), "fragment of %s",
          text);
}

static void fails(const char *text, int authority_only) {
    fn_url url;
    size_t len = strlen(text);
    ptrdiff_t n = fn_url_parse(&url, guarded_put(memory, text, len), len, authority_only);
    CHECK(n == FN_INVALID, "%td for %s", n, text);
}

int main(void) {
    memory = guarded_new(4096);
    gives("http://me:pw@a.example:8080/p/q?x=y?z#f", "http", "me:pw", "a.example", 8080, "/p/q", "x=y?z", "f");
    gives("http://a", "http", NULL, "a", -1, "", NULL, NULL);
    gives("http://a?", "http", NULL, "a", -1, "", "", NULL);
    gives("http://a#", "http", NULL, "a", -1, "", NULL, "");
    gives("http://a#b?c", "http", NULL, "a", -1, "", NULL, "b?c");
    gives("http://a:/", "http", NULL, "a", -1, "/", NULL, NULL);
    gives("http://a:0/", "http", NULL, "a", 0, "/", NULL, NULL);
    gives("http://a:65535/", "http", NULL, "a", 65535, "/", NULL, NULL);
    gives("http://[2001:db8::1]:443/", "http", NULL, "2001:db8::1", 443, "/", NULL, NULL);
    gives("http://[::ffff:1.2.3.4]", "http", NULL, "::ffff:1.2.3.4", -1, "", NULL, NULL);
    gives("http://@a/", "http", "", "a", -1, "/", NULL, NULL);
    gives("file:///etc/hosts", "file", NULL, "", -1, "/etc/hosts", NULL, NULL);
    gives("a+b-c.1:x", "a+b-c.1", NULL, NULL, -1, "x", NULL, NULL);
    gives("/p?q", NULL, NULL, NULL, -1, "/p", "q", NULL);
    gives("//p//q", NULL, NULL, NULL, -1, "//p//q", NULL, NULL);
    gives("/p?q=http://x:y/#f", NULL, NULL, NULL, -1, "/p", "q=http://x:y/", "f");
    gives("/%41%7e", NULL, NULL, NULL, -1, "/%41%7e", NULL, NULL);
    gives("*", NULL, NULL, NULL, -1, "*", NULL, NULL);
    fn_url url = parsed("a.example:443", 1);
    CHECK(part_is("a.example:443", url.host, "a.example") && url.port == 443 && !url.has_scheme, "authority");
    url = parsed("[::1]:1", 1);
    CHECK(part_is("[::1]:1", url.host, "::1") && url.port == 1, "authority");

    static const char *const bad[] = {
        "", "a", "**", "?a", "#a", ":", "://a", "1a://b", "a_b://c", "http://a b/", "http://a\x7f/", "/\xc3\xa4",
        "/a\tb", "/%",
        "/%4", "/%4g", "/#a#b", "http://a:65536/", "http://a:1x/", "http://a:1:2/", "http://:80/", "http://a\\b/",
        "http://[::1/", "http://[::1]x/", "http://[1::2::3]/", "http://[12345::]/", "http://[1:2:3:4:5:6:7]/",
        "http://[1:2:3:4:5:6:7:8:9]/", "http://[::1.2.3]/", "http://[::1.2.3.256]/", "http://[::1.2.3.04]/",
        "http://[1.2.3.4]/", "http://[1:2:3:4:5:6:7:1.2.3.4]/", "http://[:1]/", "http://[1:]/", "http://[v1]/",
        "http://[v.a]/", "http://[::%41]/", "http://a@b@c/", "http://a/\r\nX: y"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) fails(bad[i], 0);
    static const char *const bad_authority[] = {"",       "a",          "a:",   ":1",   "a:65536",
                                                "me@a:1", "http://a:1", "a:1/", "[::1]"};
    for (size_t i = 0; i < sizeof bad_authority / sizeof bad_authority[0]; i++) fails(bad_authority[i], 1);
    return 0;
}
