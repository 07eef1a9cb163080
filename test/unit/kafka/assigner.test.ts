import fc from "fast-check";
import { expect, test } from "vitest";
import { assignShards, type Claims, decodeClaims, encodeClaims } from "../../../src/kafka/assigner.ts";

const shardsOf = fc.integer({ min: 1, max: 24 }).chain((count) =>
  fc.record({
    count: fc.constant(count),
    inUse: fc.subarray(Array.from({ length: count }, (_, shard) => shard)).map((list) => new Set(list)),
  }),
);
/** Claims as they come: contested, stale, doubled, of shards that are not there. */
const claimsOf = fc
  .uniqueArray(
    fc.record({
      id: fc.stringMatching(/^[a-z]{1,4}$/),
      held: fc.array(fc.integer({ min: -1, max: 26 }), { maxLength: 26 }),
      generation: fc.integer({ min: -1, max: 4 }),
    }),
    { minLength: 1, maxLength: 7, selector: ({ id }) => id },
  )
  .map((members): Claims[] => members);

const sizes = (assigned: ReadonlyMap<string, readonly number[]>, of: (shard: number) => boolean) =>
  [...assigned.values()].map((own) => own.filter(of).length);
const apart = (counts: readonly number[]) => Math.max(...counts) - Math.min(...counts);
/** What each member would claim the next time. */
const claiming = (assigned: ReadonlyMap<string, readonly number[]>, generation: number): Claims[] =>
  [...assigned].map(([id, held]) => ({ id, held, generation }));
const ownerOf = (assigned: ReadonlyMap<string, readonly number[]>) =>
  new Map([...assigned].flatMap(([id, own]) => own.map((shard) => [shard, id] as const)));

test("every shard has one owner, and those in use are spread evenly, whatever is claimed and in whatever order", () => {
  fc.assert(
    fc.property(shardsOf, claimsOf, (shards, members) => {
      const assigned = assignShards(shards, members);
      expect([...assigned.values()].flat().sort((a, b) => a - b)).toEqual([...Array(shards.count).keys()]);
      expect(apart(sizes(assigned, (shard) => shards.inUse.has(shard)))).toBeLessThanOrEqual(1);
      expect(apart(sizes(assigned, (shard) => !shards.inUse.has(shard)))).toBeLessThanOrEqual(1);
      expect(new Map(assignShards(shards, [...members].reverse()))).toEqual(new Map([...assigned].sort()));
    }),
  );
});

test("members that come and go move no more than balance asks for, and nothing moves where nobody does", () => {
  fc.assert(
    fc.property(shardsOf, claimsOf, fc.integer({ min: 0, max: 7 }), (shards, members, pick) => {
      const before = assignShards(shards, members);
      const claims = claiming(before, 9);
      expect(assignShards(shards, claims)).toEqual(before);
      const leaver = claims[pick % claims.length]!;
      const joined = assignShards(shards, [...claims, { id: "NEW", held: [], generation: -1 }]);
      const gone =
        members.length === 1
          ? before
          : assignShards(
              shards,
              claims.filter((each) => each !== leaver),
            );
      for (const [shard, owner] of ownerOf(before)) {
        // Whoever comes takes from others, who take nothing from one another.
        expect([owner, "NEW"]).toContain(ownerOf(joined).get(shard));
        if (owner !== leaver.id) expect(ownerOf(gone).get(shard)).toBe(owner);
      }
      expect((joined.get("NEW") ?? []).length).toBeLessThanOrEqual(Math.ceil(shards.count / (members.length + 1)) + 1);
    }),
  );
});

test("in a rolling restart, one member after the other, each shard moves at most twice where shares are even", () => {
  const share = fc.integer({ min: 0, max: 4 });
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 6 }), share, share, (count, used, unused) => {
      const shards = { count: count * (used + unused), inUse: new Set(Array(count * used).keys()) };
      const held = new Map<string, number[]>(Array.from({ length: count }, (_, at) => [`m${at}`, []]));
      const moves = new Map<number, number>();
      const assign = () => {
        const before = ownerOf(held);
        const assigned = assignShards(shards, claiming(held, 1));
        for (const [id, own] of assigned) {
          const kept = (held.get(id) ?? []).filter((shard) => own.includes(shard));
          held.set(id, [...new Set([...kept, ...own])]);
          for (const shard of own) if (before.get(shard) !== id) moves.set(shard, (moves.get(shard) ?? 0) + 1);
        }
      };
      assign();
      moves.clear();
      for (let at = 0; at < count; at++) {
        held.delete(`m${at}`);
        assign();
        held.set(`new${at}`, []);
        assign();
      }
      expect(Math.max(0, ...moves.values())).toBeLessThanOrEqual(2);
    }),
  );
});

test("of two who claim a shard the later generation keeps it", () => {
  const shards = { count: 2, inUse: new Set([0, 1]) };
  const [stale, right] = [
    { id: "a", held: [0, 1], generation: 4 },
    { id: "b", held: [1], generation: 5 },
  ];
  expect(assignShards(shards, [stale, right])).toEqual(
    new Map([
      ["a", [0]],
      ["b", [1]],
    ]),
  );
});

test("claims travel as they are, and what cannot be read claims nothing", () => {
  expect(decodeClaims("a", encodeClaims({ held: [3, 5], generation: 7 }))).toEqual({
    id: "a",
    held: [3, 5],
    generation: 7,
  });
  for (const text of ["", "{", '{"version":2,"held":[1],"generation":1}', '{"version":1,"held":1,"generation":1}']) {
    expect(decodeClaims("a", Buffer.from(text))).toEqual({ id: "a", held: [], generation: -1 });
  }
});
