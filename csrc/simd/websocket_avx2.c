/* WebSocket's masks in vectors of 32 bytes, AVX2. */
#if defined(__x86_64__)
#include "../websocket_private.h"
#include "target.h"

FN_TARGET_BEGIN("avx2")

#define VECTOR 32
#define OPS fn_ws_avx2
#include "websocket.h"

FN_TARGET_END
#endif
