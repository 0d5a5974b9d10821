/* TLS clients by OpenSSL, which is looked for when first needed and not when fastnet is built: a wheel carries none and
 * uses the one that the system keeps up to date. */
#ifndef FASTNET_LOAD_TLS_H
#define FASTNET_LOAD_TLS_H

#include <stddef.h>
#include <sys/types.h>

enum { FN_TLS_TEXT = 160 };
enum { FN_TLS_DONE = 1, FN_TLS_AGAIN = 0, FN_TLS_FAILED = -1 };

/* A context for clients, or NULL and a reason in `text`. `verify`: the certificate must lead to one in ca_file (NULL:
 * to one of the system's) and name the server. Once a context was made, threads may open connections of it. */
void *fn_tls_context(const char *ca_file, int verify, char text[FN_TLS_TEXT]);
void fn_tls_context_free(void *context);

/* A connection over a non-blocking socket; NULL without memory. */
void *fn_tls_open(void *context, int fd, const char *server_name, int verify);
void fn_tls_close(void *connection);
/* FN_TLS_DONE, FN_TLS_AGAIN when the socket is ready, or FN_TLS_FAILED with a reason. */
int fn_tls_handshake(void *connection, char text[FN_TLS_TEXT]);
/* As recv and send: EAGAIN, 0 for the end, -1 with EPROTO for an alert or damaged records. */
ssize_t fn_tls_recv(void *connection, void *buf, size_t len);
/* Whether bytes were read from the socket that recv has not given yet. */
int fn_tls_has_more(const void *connection);
ssize_t fn_tls_send(void *connection, const void *buf, size_t len);

#endif
