/* WebSocket's masks in vectors of 16 bytes, NEON. */
#if defined(__aarch64__)
#include "../websocket_private.h"

#define VECTOR 16
#define OPS fn_ws_neon
#include "websocket.h"
#endif
