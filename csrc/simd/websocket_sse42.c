/* WebSocket's masks in vectors of 16 bytes, SSE4.2. */
#if defined(__x86_64__)
#include "../websocket_private.h"
#include "target.h"

FN_TARGET_BEGIN("sse4.2")

#define VECTOR 16
#define OPS fn_ws_sse42
#include "websocket.h"

FN_TARGET_END
#endif
