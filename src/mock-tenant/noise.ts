import type { Random } from "../kit/random.ts";

/**
 * A well mixed unsigned 32-bit number of (seed, index, salt). For a fixed seed and salt no two indexes
 * below 2^32 share one, so what is built on it is unique per activity.
 */
export function noise(seed: number, index: number, salt: number): number {
  let mixed = Math.imul(seed ^ 0x5bd1e995, 0x85ebca6b) ^ Math.imul(salt + 1, 0x27d4eb2f);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  mixed ^= Math.imul(index, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Uniform in [0, 1), of (seed, index, salt). */
export function fraction(seed: number, index: number, salt: number): number {
  return noise(seed, index, salt) / 0x1_0000_0000;
}

/** A generator that replays from its seed. */
export function seededRandom(seed: number): Random {
  let drawn = 0;
  return () => fraction(seed, drawn++, 0x5eed);
}

const HEX = Array.from({ length: 65_536 }, (_, value) => value.toString(16).padStart(4, "0"));

function hex32(value: number): string {
  return `${HEX[value >>> 16]}${HEX[value & 0xffff]}`;
}

/** A GUID of (seed, index, salt), unique per index. */
export function guid(seed: number, index: number, salt: number): string {
  const middle = noise(seed, index, salt + 1);
  const tail = noise(seed, index, salt + 2);
  const head = hex32(noise(seed, index, salt));
  return `${head}-${HEX[middle >>> 16]}-4${HEX[middle & 0xffff]?.slice(1)}-a${HEX[tail >>> 16]?.slice(1)}-${HEX[tail & 0xffff]}${hex32(noise(seed, index, salt + 3))}`;
}

/** 64 hexadecimal digits of (seed, index, salt), unique per index. */
export function hash64(seed: number, index: number, salt: number): string {
  let text = "";
  for (let word = 0; word < 8; word++) text += hex32(noise(seed, index, salt + word));
  return text;
}
