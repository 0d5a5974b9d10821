/* WebSocket's masks in vectors of 64 bytes, AVX-512. */
#if defined(__x86_64__)
#include "../websocket_private.h"
#include "target.h"

FN_TARGET_BEGIN("avx512f,avx512bw,avx512vl,avx512dq")

#define VECTOR 64
#define OPS fn_ws_avx512
#include "websocket.h"

FN_TARGET_END
#endif
