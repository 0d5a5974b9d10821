/* Made by crc_constants.py, which says what they mean. */
#ifndef FASTNET_CRC_CONSTANTS_H
#define FASTNET_CRC_CONSTANTS_H

#define FN_CRC32_BITS_0 0x77073096u, 0xee0e612cu, 0x076dc419u, 0x0edb8832u, \
    0x1db71064u, 0x3b6e20c8u, 0x76dc4190u, 0xedb88320u
#define FN_CRC32_BITS_1 0x191b3141u, 0x32366282u, 0x646cc504u, 0xc8d98a08u, \
    0x4ac21251u, 0x958424a2u, 0xf0794f05u, 0x3b83984bu
#define FN_CRC32_BITS_2 0x01c26a37u, 0x0384d46eu, 0x0709a8dcu, 0x0e1351b8u, \
    0x1c26a370u, 0x384d46e0u, 0x709a8dc0u, 0xe1351b80u
#define FN_CRC32_BITS_3 0xb8bc6765u, 0xaa09c88bu, 0x8f629757u, 0xc5b428efu, \
    0x5019579fu, 0xa032af3eu, 0x9b14583du, 0xed59b63bu
#define FN_CRC32_BITS_4 0x3d6029b0u, 0x7ac05360u, 0xf580a6c0u, 0x30704bc1u, \
    0x60e09782u, 0xc1c12f04u, 0x58f35849u, 0xb1e6b092u
#define FN_CRC32_BITS_5 0xcb5cd3a5u, 0x4dc8a10bu, 0x9b914216u, 0xec53826du, \
    0x03d6029bu, 0x07ac0536u, 0x0f580a6cu, 0x1eb014d8u
#define FN_CRC32_BITS_6 0xa6770bb4u, 0x979f1129u, 0xf44f2413u, 0x33ef4e67u, \
    0x67de9cceu, 0xcfbd399cu, 0x440b7579u, 0x8816eaf2u
#define FN_CRC32_BITS_7 0xccaa009eu, 0x4225077du, 0x844a0efau, 0xd3e51bb5u, \
    0x7cbb312bu, 0xf9766256u, 0x299dc2edu, 0x533b85dau
#define FN_CRC32_FOLDS .by16 = {0xae689191u, 0xccaa009eu}, \
    .by32 = {0xf1da05aau, 0x81256527u}, \
    .by48 = {0x3db1ecdcu, 0xaf449247u}, \
    .by64 = {0x8f352d95u, 0x1d9513d7u}, \
    .by128 = {0x33fff533u, 0x910eeec1u}, \
    .by192 = {0x596c8d81u, 0xf5e48c85u}, \
    .by256 = {0xce3371cbu, 0xe95c1271u}, \
    .finish = 0xccaa009eu, .quotient = 0xb4e5b025f7011641u, \
    .divisor = 0x1db710641u, .odd = 0, \
    .polynomial = 0xedb88320u, .width = 32

#define FN_CRC32C_BITS_0 0xf26b8303u, 0xe13b70f7u, 0xc79a971fu, 0x8ad958cfu, \
    0x105ec76fu, 0x20bd8edeu, 0x417b1dbcu, 0x82f63b78u
#define FN_CRC32C_BITS_1 0x13a29877u, 0x274530eeu, 0x4e8a61dcu, 0x9d14c3b8u, \
    0x3fc5f181u, 0x7f8be302u, 0xff17c604u, 0xfbc3faf9u
#define FN_CRC32C_BITS_2 0xa541927eu, 0x4f6f520du, 0x9edea41au, 0x38513ec5u, \
    0x70a27d8au, 0xe144fb14u, 0xc76580d9u, 0x8b277743u
#define FN_CRC32C_BITS_3 0xdd45aab8u, 0xbf672381u, 0x7b2231f3u, 0xf64463e6u, \
    0xe964b13du, 0xd725148bu, 0xaba65fe7u, 0x52a0c93fu
#define FN_CRC32C_BITS_4 0x38116facu, 0x7022df58u, 0xe045beb0u, 0xc5670b91u, \
    0x8f2261d3u, 0x1ba8b557u, 0x37516aaeu, 0x6ea2d55cu
#define FN_CRC32C_BITS_5 0xef306b19u, 0xdb8ca0c3u, 0xb2f53777u, 0x6006181fu, \
    0xc00c303eu, 0x85f4168du, 0x0e045bebu, 0x1c08b7d6u
#define FN_CRC32C_BITS_6 0x68032cc8u, 0xd0065990u, 0xa5e0c5d1u, 0x4e2dfd53u, \
    0x9c5bfaa6u, 0x3d5b83bdu, 0x7ab7077au, 0xf56e0ef4u
#define FN_CRC32C_BITS_7 0x493c7d27u, 0x9278fa4eu, 0x211d826du, 0x423b04dau, \
    0x847609b4u, 0x0d006599u, 0x1a00cb32u, 0x34019664u
#define FN_CRC32C_FOLDS .by16 = {0xf20c0dfeu, 0x493c7d27u}, \
    .by32 = {0x3da6d0cbu, 0xba4fc28eu}, \
    .by48 = {0x1c291d04u, 0xddc0152bu}, \
    .by64 = {0x740eef02u, 0x9e4addf8u}, \
    .by128 = {0x6992cea2u, 0xd3b6092u}, \
    .by192 = {0xa87ab8a8u, 0xab7aff2au}, \
    .by256 = {0xdcb17aa4u, 0xb9e02b86u}, \
    .finish = 0x493c7d27u, .quotient = 0x4869ec38dea713f1u, \
    .divisor = 0x105ec76f1u, .odd = 0, \
    .polynomial = 0x82f63b78u, .width = 32

#define FN_CRC64_XZ_BITS_0 0xb32e4cbe03a75f6full, 0xf4843657a840a05bull, 0x7bd0c384ff8f5e33ull, 0xf7a18709ff1ebc66ull, \
    0x7d9ba13851336649ull, 0xfb374270a266cc92ull, 0x64b62bcaebc387a1ull, 0xc96c5795d7870f42ull
#define FN_CRC64_XZ_BITS_1 0x54e979925cd0f10dull, 0xa9d2f324b9a1e21aull, 0xc17d4962dc4ddab1ull, 0x10223dee1795abe7ull, \
    0x20447bdc2f2b57ceull, 0x4088f7b85e56af9cull, 0x8111ef70bcad5f38ull, 0x90fb71cad654a0f5ull
#define FN_CRC64_XZ_BITS_2 0x3f0be14a916a6dcbull, 0x7e17c29522d4db96ull, 0xfc2f852a45a9b72cull, 0x6a87a57f245d70ddull, \
    0xd50f4afe48bae1baull, 0x38c63ad73e7bddf1ull, 0x718c75ae7cf7bbe2ull, 0xe318eb5cf9ef77c4ull
#define FN_CRC64_XZ_BITS_3 0x1dee8a5e222ca1dcull, 0x3bdd14bc445943b8ull, 0x77ba297888b28770ull, 0xef7452f111650ee0ull, \
    0x4c300ac98dc40345ull, 0x986015931b88068aull, 0xa218840d981e1391ull, 0xd6e9a7309f3239a7ull
#define FN_CRC64_XZ_BITS_4 0x5c2d776033c4205eull, 0xb85aeec0678840bcull, 0xe26d72ab601e9ffdull, 0x56024a7d6f33217full, \
    0xac0494fade6642feull, 0xcad186de13c29b79ull, 0x077ba297888b2877ull, 0x0ef7452f111650eeull
#define FN_CRC64_XZ_BITS_5 0x6184d55f721267c6ull, 0xc309aabee424cf8cull, 0x14cbfa566747819dull, 0x2997f4acce8f033aull, \
    0x532fe9599d1e0674ull, 0xa65fd2b33a3c0ce8ull, 0xde670a4ddb760755ull, 0x2e16bbb019e2102full
#define FN_CRC64_XZ_BITS_6 0x22ef0d5934f964ecull, 0x45de1ab269f2c9d8ull, 0x8bbc3564d3e593b0ull, 0x85a0c5e208c539e5ull, \
    0x999924efbe846d4full, 0xa1eae6f4d206c41bull, 0xd10d62c20b0396b3ull, 0x30c26aafb90933e3ull
#define FN_CRC64_XZ_BITS_7 0xdabe95afc7875f40ull, 0x27a584742000a005ull, 0x4f4b08e84001400aull, 0x9e9611d080028014ull, \
    0xaff48c8aaf0b1eadull, 0xcd31b63ef11823dfull, 0x08bbc3564d3e593bull, 0x117786ac9a7cb276ull
#define FN_CRC64_XZ_FOLDS .by16 = {0xe05dd497ca393ae4u, 0xdabe95afc7875f40u}, \
    .by32 = {0x60095b008a9efa44u, 0x3be653a30fe1af51u}, \
    .by48 = {0xb5ea1af9c013aca4u, 0x69a35d91c3730254u}, \
    .by64 = {0x6ae3efbb9dd441f3u, 0x81f6054a7842df4u}, \
    .by128 = {0x8757d71d4fcc1000u, 0xd7d86b2af73de740u}, \
    .by192 = {0x47b00921f036ff71u, 0xb0382771eb06c453u}, \
    .by256 = {0x8260adf2381ad81cu, 0xf31fd9271e228b79u}, \
    .finish = 0xdabe95afc7875f40u, .quotient = 0x9c3e466c172963d5u, \
    .divisor = 0x92d8af2baf0e1e85u, .odd = ~0ull, \
    .polynomial = 0xc96c5795d7870f42u, .width = 64

#define FN_CRC16_MODBUS_BITS_0 0xc0c1u, 0xc181u, 0xc301u, 0xc601u, \
    0xcc01u, 0xd801u, 0xf001u, 0xa001u
#define FN_CRC16_MODBUS_BITS_1 0x9001u, 0x6001u, 0xc002u, 0xc007u, \
    0xc00du, 0xc019u, 0xc031u, 0xc061u
#define FN_CRC16_MODBUS_BITS_2 0xc051u, 0xc0a1u, 0xc141u, 0xc281u, \
    0xc501u, 0xca01u, 0xd401u, 0xe801u
#define FN_CRC16_MODBUS_BITS_3 0xfc01u, 0xb801u, 0x3001u, 0x6002u, \
    0xc004u, 0xc00bu, 0xc015u, 0xc029u
#define FN_CRC16_MODBUS_BITS_4 0xc03du, 0xc079u, 0xc0f1u, 0xc1e1u, \
    0xc3c1u, 0xc781u, 0xcf01u, 0xde01u
#define FN_CRC16_MODBUS_BITS_5 0xd101u, 0xe201u, 0x8401u, 0x4801u, \
    0x9002u, 0x6007u, 0xc00eu, 0xc01fu
#define FN_CRC16_MODBUS_BITS_6 0xc010u, 0xc023u, 0xc045u, 0xc089u, \
    0xc111u, 0xc221u, 0xc441u, 0xc881u
#define FN_CRC16_MODBUS_BITS_7 0xccc1u, 0xd981u, 0xf301u, 0xa601u, \
    0x0c01u, 0x1802u, 0x3004u, 0x6008u
#define FN_CRC16_MODBUS_FOLDS .by16 = {0x90c1u, 0xccc1u}, \
    .by32 = {0xac01u, 0x955du}, \
    .by48 = {0xed6du, 0xc6adu}, \
    .by64 = {0xf0c1u, 0xbffau}, \
    .by128 = {0x9c01u, 0xcc1u}, \
    .by192 = {0xd75du, 0xa3fdu}, \
    .by256 = {0xfcc1u, 0x999du}, \
    .finish = 0xccc1u, .quotient = 0xf0ffebffcfffbfffu, \
    .divisor = 0x14003u, .odd = 0, \
    .polynomial = 0xa001u, .width = 16

#define FN_CRC16_CCITT_BITS_0 0x2110u, 0x4220u, 0x8440u, 0x0881u, \
    0x3112u, 0x6224u, 0xc448u, 0x8891u
#define FN_CRC16_CCITT_BITS_1 0x3133u, 0x6266u, 0xc4ccu, 0xa989u, \
    0x7303u, 0xe606u, 0xcc0du, 0x981bu
#define FN_CRC16_CCITT_BITS_2 0x3037u, 0x606eu, 0xc0dcu, 0xa1a9u, \
    0x6343u, 0xc686u, 0xad1du, 0x5a3bu
#define FN_CRC16_CCITT_BITS_3 0xb476u, 0x68edu, 0xf1cau, 0xc385u, \
    0xa71bu, 0x4e37u, 0x9c6eu, 0x38ddu
#define FN_CRC16_CCITT_BITS_4 0x51aau, 0x8344u, 0x0689u, 0x2d02u, \
    0x5a04u, 0xb408u, 0x6811u, 0xd022u
#define FN_CRC16_CCITT_BITS_5 0xa045u, 0x408bu, 0xa106u, 0x420du, \
    0x841au, 0x0835u, 0x106au, 0x20d4u
#define FN_CRC16_CCITT_BITS_6 0x61b8u, 0xe360u, 0xc6c1u, 0xad93u, \
    0x7b37u, 0xf66eu, 0xecddu, 0xf9abu
#define FN_CRC16_CCITT_BITS_7 0xd347u, 0xa68fu, 0x6d0fu, 0xda1eu, \
    0xb43du, 0x687bu, 0xd0f6u, 0x81fdu

/* CRC-32C: x^n that moves a 32-bit state over so many bytes; the instruction crc32 brings x^33 more. */
#define FN_CRC32C_STREAM2_16 0xd7a4825cu
#define FN_CRC32C_STREAM_16 0xd270f1a2u
#define FN_CRC32C_VECTOR_16 0x82f89c77u
#define FN_CRC32C_STREAM2_48 0xbedc6ba1u
#define FN_CRC32C_STREAM_48 0x86d8e4d2u
#define FN_CRC32C_VECTOR_48 0xc1f19ee1u
#define FN_CRC32C_STREAM2_128 0xb9d68d49u
#define FN_CRC32C_STREAM_128 0x359674f7u
#define FN_CRC32C_VECTOR_128 0x5ae703abu

#endif
