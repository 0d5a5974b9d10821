/* A program that uses the kernels and knows no Python: prints the parts of the request head on its input. */
#include <stdio.h>

#include "fastnet/http1.h"

int main(void) {
    static char buf[65536];
    static fn_http1_field fields[100];
    const fn_http1_limits limits = {.max_line = 8190, .max_head = 32768, .max_fields = 100};
    fn_http1_head head;
    size_t n = fread(buf, 1, sizeof buf, stdin);

    fn_http1_head_init(&head);
    ptrdiff_t size = fn_http1_parse_request(&head, buf, n, fields, &limits);
    if (size == FN_PARTIAL) {
        puts("partial");
        return 0;
    }
    if (size < 0) {
        printf("%d %s\n", fn_http1_error_status(head.error), fn_http1_error_text(head.error));
        return 0;
    }
    printf("%.*s %.*s\n", (int)head.method_len, buf + head.method, (int)head.target_len, buf + head.target);
    for (uint32_t i = 0; i < head.n_fields; i++) {
        printf("%.*s=%.*s\n", fields[i].name_len, buf + fields[i].name, (int)fields[i].value_len, buf + fields[i].value);
    }
    return 0;
}
