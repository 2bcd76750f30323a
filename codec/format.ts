/**
 * The first bytes of MessagePack values, named as in the specification.
 *
 * The `FIX_` formats carry a small length or value in their low bits; everything below `FIX_MAP`
 * is a positive integer, everything from `NEGATIVE_FIXINT` a negative one.
 *
 * @see https://github.com/msgpack/msgpack/blob/master/spec.md
 * @module
 */

/** 1000xxxx: a map of up to 15 pairs. */
export const FIX_MAP = 0x80;
/** 1001xxxx: an array of up to 15 elements. */
export const FIX_ARRAY = 0x90;
/** 101xxxxx: a string of up to 31 bytes. */
export const FIX_STR = 0xa0;
/** `null`. */
export const NIL = 0xc0;
/** `false`. */
export const FALSE = 0xc2;
/** `true`. */
export const TRUE = 0xc3;
/** Bytes, their number in 8 bits; +1 in 16 bits, +2 in 32 bits. */
export const BIN_8 = 0xc4;
/** An extension, its length in 8 bits; +1 in 16 bits, +2 in 32 bits. */
export const EXT_8 = 0xc7;
/** An extension, its length in 32 bits. */
export const EXT_32 = 0xc9;
/** An IEEE 754 single. */
export const FLOAT_32 = 0xca;
/** An IEEE 754 double. */
export const FLOAT_64 = 0xcb;
/** An unsigned integer of 8 bits. */
export const UINT_8 = 0xcc;
/** An unsigned integer of 16 bits. */
export const UINT_16 = 0xcd;
/** An unsigned integer of 32 bits. */
export const UINT_32 = 0xce;
/** An unsigned integer of 64 bits. */
export const UINT_64 = 0xcf;
/** A two's complement integer of 8 bits. */
export const INT_8 = 0xd0;
/** A two's complement integer of 16 bits. */
export const INT_16 = 0xd1;
/** A two's complement integer of 32 bits. */
export const INT_32 = 0xd2;
/** A two's complement integer of 64 bits. */
export const INT_64 = 0xd3;
/** An extension of 1 byte; +1 of 2, +2 of 4, +3 of 8, +4 of 16 bytes. */
export const FIX_EXT_1 = 0xd4;
/** UTF-8, its bytes' number in 8 bits; +1 in 16 bits, +2 in 32 bits. */
export const STR_8 = 0xd9;
/** An array, its length in 16 bits; +1 in 32 bits. */
export const ARRAY_16 = 0xdc;
/** A map, its number of pairs in 16 bits; +1 in 32 bits. */
export const MAP_16 = 0xde;
/** 111xxxxx: an integer from -32 to -1. */
export const NEGATIVE_FIXINT = 0xe0;
