/* Token characters as a table of half bytes: bit h of row l tells of the character 0xhl. Characters from 0x80 on
 * have no bit. */
#ifndef FASTNET_SIMD_HALF_BYTES_H
#define FASTNET_SIMD_HALF_BYTES_H

#include <stdint.h>

static const uint8_t fn_token_rows[16] = {0xe8, 0xfc, 0xf8, 0xfc, 0xfc, 0xfc, 0xfc, 0xfc,
                                          0xf8, 0xf8, 0xf4, 0x54, 0xd0, 0x54, 0xf4, 0x70};
static const uint8_t fn_high_half_bit[16] = {1, 2, 4, 8, 16, 32, 64, 128};

#endif
