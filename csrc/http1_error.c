/* Errors, as the status that answers them and a sentence that tells a person what to change. */
#include "fastnet/http1.h"

static const struct {
    int status;
    const char *text;
} errors[FN_HTTP1_ERROR_COUNT] = {
    [FN_HTTP1_OK] = {200, "No error."},
    [FN_HTTP1_BAD_METHOD] = {400, "The method must be a token followed by one space."},
    [FN_HTTP1_BAD_TARGET] = {400, "The request target must be a path, an absolute URI, host:port for CONNECT or '*' "
                                  "for OPTIONS, in printable ASCII without '#', each '%' followed by two hex digits."},
    [FN_HTTP1_BAD_VERSION] = {400, "The version must read HTTP/1.1 or HTTP/1.0."},
    [FN_HTTP1_UNSUPPORTED_VERSION] = {505, "Only HTTP/1.0 and HTTP/1.1 are spoken here."},
    [FN_HTTP1_BAD_STATUS] = {502, "The status must be three digits from 100 to 599, a space, and a reason without "
                                  "control characters."},
    [FN_HTTP1_BAD_LINE_END] = {400, "Lines must end with CR LF; a CR or LF alone is not allowed."},
    [FN_HTTP1_BAD_FIELD_NAME] = {400, "A field name must be a token directly followed by a colon."},
    [FN_HTTP1_BAD_FIELD_VALUE] = {400, "A field value must not hold control characters."},
    [FN_HTTP1_OBS_FOLD] = {400, "A field line must not begin with white space; write folded values on one line."},
    [FN_HTTP1_MISSING_HOST] = {400, "An HTTP/1.1 request must have a Host field."},
    [FN_HTTP1_DUPLICATE_HOST] = {400, "A request must have only one Host field."},
    [FN_HTTP1_BAD_HOST] = {400,
                           "The Host field must be a host name or an address, with a port from 0 to 65535 if any."},
    [FN_HTTP1_BAD_CONTENT_LENGTH] = {400, "Content-Length must be 1 to 18 decimal digits."},
    [FN_HTTP1_DUPLICATE_LENGTH] = {400, "A message must have only one Content-Length field."},
    [FN_HTTP1_LENGTH_WITH_CHUNKED] = {400, "A message must not have both Content-Length and Transfer-Encoding."},
    [FN_HTTP1_BAD_TRANSFER_ENCODING] = {400, "Transfer-Encoding must name chunked once, as the last coding, and only "
                                             "in HTTP/1.1."},
    [FN_HTTP1_UNKNOWN_TRANSFER] = {501, "The only transfer coding understood here is chunked."},
    [FN_HTTP1_UNKNOWN_EXPECTATION] = {417, "The only expectation understood here is 100-continue."},
    [FN_HTTP1_BAD_CONNECTION] = {400, "The Connection field must be a list of tokens."},
    [FN_HTTP1_LINE_TOO_LONG] = {414, "The first line is longer than the limit; use a shorter target."},
    [FN_HTTP1_HEAD_TOO_LARGE] = {431, "The header fields are larger than the limit; send fewer or shorter ones."},
    [FN_HTTP1_TOO_MANY_FIELDS] = {431, "There are more header fields than the limit; send fewer."},
    [FN_HTTP1_BAD_CHUNK_SIZE] = {400, "A chunk size must be 1 to 15 hex digits."},
    [FN_HTTP1_BAD_CHUNK_EXTENSION] = {400, "A chunk extension must not hold control characters."},
    [FN_HTTP1_CHUNK_EXTENSIONS_TOO_LONG] = {413, "The chunk extensions are longer than the limit; send none."},
    [FN_HTTP1_BAD_CHUNK_END] = {400, "The data of a chunk must be followed by CR LF."},
};

int fn_http1_error_status(int error) {
    return error >= 0 && error < FN_HTTP1_ERROR_COUNT ? errors[error].status : 400;
}

const char *fn_http1_error_text(int error) {
    return error >= 0 && error < FN_HTTP1_ERROR_COUNT ? errors[error].text : "Unknown error.";
}
