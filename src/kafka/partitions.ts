const SEED = 0x9747b28c;
const MIX = 0x5bd1e995;

/** MurmurHash2 (32 bit, little-endian, Kafka's seed) as Kafka's Java client computes it. Signed. */
export function murmur2(data: Uint8Array): number {
  let hash = SEED ^ data.length;
  const whole = data.length - (data.length % 4);
  for (let at = 0; at < whole; at += 4) {
    let word = byte(data, at) | (byte(data, at + 1) << 8) | (byte(data, at + 2) << 16) | (byte(data, at + 3) << 24);
    word = Math.imul(word, MIX);
    word = Math.imul(word ^ (word >>> 24), MIX);
    hash = Math.imul(hash, MIX) ^ word;
  }
  if (whole < data.length) {
    hash ^= byte(data, whole) | (byte(data, whole + 1) << 8) | (byte(data, whole + 2) << 16);
    hash = Math.imul(hash, MIX);
  }
  hash = Math.imul(hash ^ (hash >>> 13), MIX);
  return hash ^ (hash >>> 15);
}

/** The partition of `key` among `partitions`, as the Java client's default partitioner chooses it. */
export function partitionOfKey(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}

/** Zero past the end: so the tail of a key needs no cases. */
function byte(data: Uint8Array, at: number): number {
  return data[at] ?? 0;
}
