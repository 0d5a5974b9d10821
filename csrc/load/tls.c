/* OpenSSL 3 or 1.1, by dlopen. The few prototypes needed are declared here: they are part of its stable interface. */
#define _GNU_SOURCE
#include "load/tls.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { VERIFY_NONE = 0, VERIFY_PEER = 1, CTRL_MODE = 33, CTRL_READ_AHEAD = 41, CTRL_SERVER_NAME = 55 };
enum { MODE_PARTIAL_WRITE = 1, MODE_MOVING_BUFFER = 2, MODE_RELEASE_BUFFERS = 16 };
enum { ERROR_WANT_READ = 2, ERROR_WANT_WRITE = 3, ERROR_SYSCALL = 5, ERROR_ZERO_RETURN = 6 };

static struct {
    const void *(*TLS_client_method)(void);
    void *(*SSL_CTX_new)(const void *);
    void (*SSL_CTX_free)(void *);
    long (*SSL_CTX_ctrl)(void *, int, long, void *);
    void (*SSL_CTX_set_verify)(void *, int, void *);
    int (*SSL_CTX_set_default_verify_paths)(void *);
    int (*SSL_CTX_load_verify_locations)(void *, const char *, const char *);
    void *(*SSL_new)(void *);
    void (*SSL_free)(void *);
    int (*SSL_set_fd)(void *, int);
    long (*SSL_ctrl)(void *, int, long, void *);
    int (*SSL_set1_host)(void *, const char *);
    int (*SSL_connect)(void *);
    int (*SSL_read)(void *, void *, int);
    int (*SSL_has_pending)(const void *);
    int (*SSL_write)(void *, const void *, int);
    int (*SSL_get_error)(const void *, int);
    long (*SSL_get_verify_result)(const void *);
    unsigned long (*ERR_get_error)(void);
    void (*ERR_clear_error)(void);
    const char *(*ERR_reason_error_string)(unsigned long);
    const char *(*X509_verify_cert_error_string)(long);
} api;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char why_not[FN_TLS_TEXT];

static void *symbol(void *ssl, void *crypto, const char *name) {
    void *found = dlsym(ssl, name);
    if (!found && crypto) found = dlsym(crypto, name);
    if (!found && !*why_not) snprintf(why_not, sizeof why_not, "the system's libssl has no %s", name);
    return found;
}

static void load(void) {
    static const char *const names[][2] = {{"libssl.so.3", "libcrypto.so.3"}, {"libssl.so.1.1", "libcrypto.so.1.1"},
                                           {"libssl.so", "libcrypto.so"}};
    void *ssl = NULL, *crypto = NULL;
    for (size_t i = 0; !ssl && i < sizeof names / sizeof *names; i++) {
        ssl = dlopen(names[i][0], RTLD_NOW | RTLD_LOCAL);
        if (ssl) crypto = dlopen(names[i][1], RTLD_NOW | RTLD_LOCAL);
    }
    if (!ssl) {
        snprintf(why_not, sizeof why_not, "https needs OpenSSL's libssl.so.3, which was not found: install libssl3");
        return;
    }
    /* A pointer to an object becomes one to a function, as POSIX has it. */
#define GET(name) *(void **)&api.name = symbol(ssl, crypto, #name)
    GET(TLS_client_method), GET(SSL_CTX_new), GET(SSL_CTX_free), GET(SSL_CTX_ctrl), GET(SSL_CTX_set_verify);
    GET(SSL_CTX_set_default_verify_paths), GET(SSL_CTX_load_verify_locations), GET(SSL_new), GET(SSL_free);
    GET(SSL_set_fd), GET(SSL_ctrl), GET(SSL_set1_host), GET(SSL_connect), GET(SSL_read), GET(SSL_write), GET(SSL_has_pending);
    GET(SSL_get_error), GET(SSL_get_verify_result), GET(ERR_get_error), GET(ERR_clear_error);
    GET(ERR_reason_error_string), GET(X509_verify_cert_error_string);
#undef GET
}

static void explain(char text[FN_TLS_TEXT], const char *otherwise) {
    unsigned long code = api.ERR_get_error();
    const char *reason = code ? api.ERR_reason_error_string(code) : NULL;
    snprintf(text, FN_TLS_TEXT, "%s", reason ? reason : otherwise);
    api.ERR_clear_error();
}

void *fn_tls_context(const char *ca_file, int verify, char text[FN_TLS_TEXT]) {
    pthread_once(&once, load);
    if (*why_not) {
        memcpy(text, why_not, FN_TLS_TEXT);
        return NULL;
    }
    void *context = api.SSL_CTX_new(api.TLS_client_method());
    if (!context) {
        explain(text, "no TLS context");
        return NULL;
    }
    /* Reading ahead takes a record's header and body by one recv. */
    api.SSL_CTX_ctrl(context, CTRL_READ_AHEAD, 1, NULL);
    api.SSL_CTX_ctrl(context, CTRL_MODE, MODE_PARTIAL_WRITE | MODE_MOVING_BUFFER | MODE_RELEASE_BUFFERS, NULL);
    api.SSL_CTX_set_verify(context, verify ? VERIFY_PEER : VERIFY_NONE, NULL);
    if (verify && (ca_file ? api.SSL_CTX_load_verify_locations(context, ca_file, NULL)
                           : api.SSL_CTX_set_default_verify_paths(context)) != 1) {
        explain(text, "no certificates in it");
        api.SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

void fn_tls_context_free(void *context) {
    if (context) api.SSL_CTX_free(context);
}

void *fn_tls_open(void *context, int fd, const char *server_name, int verify) {
    void *ssl = api.SSL_new(context);
    if (!ssl) return NULL;
    api.SSL_set_fd(ssl, fd);
    /* No address as a server name (RFC 6066, section 3); SSL_set1_host tells addresses and names apart. */
    if (server_name[strspn(server_name, "0123456789.")] && !strchr(server_name, ':'))
        api.SSL_ctrl(ssl, CTRL_SERVER_NAME, 0, (void *)(size_t)server_name);
    if (verify) api.SSL_set1_host(ssl, server_name);
    return ssl;
}

void fn_tls_close(void *connection) {
    api.SSL_free(connection);
    api.ERR_clear_error();
}

int fn_tls_handshake(void *connection, char text[FN_TLS_TEXT]) {
    int result = api.SSL_connect(connection);
    if (result == 1) return FN_TLS_DONE;
    int error = api.SSL_get_error(connection, result);
    if (error == ERROR_WANT_READ || error == ERROR_WANT_WRITE) return FN_TLS_AGAIN;
    long verified = api.SSL_get_verify_result(connection);
    explain(text, "the server closed the connection");
    size_t n = strlen(text);
    if (verified) snprintf(text + n, FN_TLS_TEXT - n, " (%s)", api.X509_verify_cert_error_string(verified));
    return FN_TLS_FAILED;
}

static ssize_t outcome(void *connection, int result) {
    if (result > 0) return result;
    int saved = errno, error = api.SSL_get_error(connection, result);
    if (error == ERROR_WANT_READ || error == ERROR_WANT_WRITE) {
        errno = EAGAIN;
        return -1;
    }
    api.ERR_clear_error();
    if (error == ERROR_ZERO_RETURN || (error == ERROR_SYSCALL && (result == 0 || saved == 0))) return 0;
    errno = error == ERROR_SYSCALL ? saved : EPROTO;
    return -1;
}

ssize_t fn_tls_recv(void *connection, void *buf, size_t len) {
    errno = 0;
    return outcome(connection, api.SSL_read(connection, buf, (int)len));
}

int fn_tls_has_more(const void *connection) {
    return api.SSL_has_pending(connection);
}

ssize_t fn_tls_send(void *connection, const void *buf, size_t len) {
    errno = 0;
    return outcome(connection, api.SSL_write(connection, buf, (int)len));
}
