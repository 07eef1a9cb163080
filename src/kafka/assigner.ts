/** What a member of the group says of itself when it joins. */
export interface Claims {
  readonly id: string;
  /** The shards that it holds, those first that it wants to keep most. */
  readonly held: readonly number[];
  /** In which generation of the group it was given them; of two claims the later one is right. */
  readonly generation: number;
}

/** All shards, and those of them that tenants live in. */
export interface Shards {
  readonly count: number;
  readonly inUse: ReadonlySet<number>;
}

/**
 * Gives every shard to one member: of those in use how many they get differs by one at most, and so of the others. A
 * member keeps what it holds up to its share, the first of it, and whoever keeps most gets the larger share. Whichever
 * member computes it: the same.
 *
 * @returns by member, each with its shards ascending.
 */
export function assignShards({ count, inUse }: Shards, members: readonly Claims[]): Map<string, number[]> {
  const all = Array.from({ length: count }, (_, shard) => shard);
  const used = spread(
    all.filter((shard) => inUse.has(shard)),
    members,
  );
  const unused = spread(
    all.filter((shard) => !inUse.has(shard)),
    members,
  );
  return new Map([...used].map(([id, own]) => [id, [...own, ...(unused.get(id) ?? [])].sort((a, b) => a - b)]));
}

function spread(shards: readonly number[], members: readonly Claims[]): Map<string, number[]> {
  const kept = keptBy(shards, members);
  const ids = [...kept.keys()].sort((a, b) => sizeOf(kept, b) - sizeOf(kept, a) || compare(a, b));
  const share = Math.floor(shards.length / ids.length);
  const larger = shards.length % ids.length;
  const assigned = new Map(ids.map((id, at) => [id, (kept.get(id) ?? []).slice(0, share + (at < larger ? 1 : 0))]));
  const taken = new Set([...assigned.values()].flat());
  const free = shards.filter((shard) => !taken.has(shard));
  for (const [at, id] of ids.entries()) {
    const own = assigned.get(id) ?? [];
    own.push(...free.splice(0, share + (at < larger ? 1 : 0) - own.length));
  }
  return assigned;
}

/** By member, what it may keep: of those that claim a shard, the one of the latest generation. */
function keptBy(shards: readonly number[], members: readonly Claims[]): Map<string, number[]> {
  const kept = new Map(members.map(({ id }) => [id, [] as number[]]));
  const taken = new Set<number>();
  const latestFirst = [...members].sort((a, b) => b.generation - a.generation || compare(a.id, b.id));
  for (const { id, held } of latestFirst) {
    for (const shard of held) {
      if (!shards.includes(shard) || taken.has(shard)) continue;
      taken.add(shard);
      kept.get(id)?.push(shard);
    }
  }
  return kept;
}

/** As a member sends it along. */
export function encodeClaims({ held, generation }: Omit<Claims, "id">): Buffer {
  return Buffer.from(JSON.stringify({ version: 1, held, generation }));
}

/** What cannot be read claims nothing: at worst a shard moves once too often. */
export function decodeClaims(id: string, bytes: Buffer): Claims {
  try {
    const { version, held, generation } = JSON.parse(bytes.toString());
    if (version === 1 && Array.isArray(held) && Number.isInteger(generation)) return { id, held, generation };
  } catch {
    // No claims of ours.
  }
  return { id, held: [], generation: -1 };
}

const sizeOf = (kept: ReadonlyMap<string, readonly number[]>, id: string): number => kept.get(id)?.length ?? 0;

/** By code units, so that every machine agrees. */
const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
