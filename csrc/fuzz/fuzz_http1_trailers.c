#include "heads.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_head(fn_http1_parse_trailers, data, size);
    return 0;
}
