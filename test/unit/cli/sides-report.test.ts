import { expect, test } from "vitest";
import { agrees, type ComparedIds, idLines } from "../../../src/cli/sides-report.ts";

const none = { count: 0, listed: [] };
const same: ComparedIds = {
  kind: "compared",
  from: "2026-11-23T00:00:00.000Z",
  until: "2026-11-23T01:00:00.000Z",
  shown: 20,
  published: 19,
  deadLettered: 1,
  missing: none,
  extra: none,
  changed: none,
  twice: none,
  ledger: [],
  gone: 0,
  withoutRaw: 0,
  unreadable: 0,
};
const one = { id: "a", at: "2026-11-23T00:00:01.000Z" };
const listed = <T>(each: T, count = 1) => ({ count, listed: Array.from({ length: count }, () => each) });

test("any difference is one, of whatever kind; what is not judged is none", () => {
  const differing: Partial<ComparedIds>[] = [
    { missing: listed({ ...one, published: "never" }) },
    { extra: listed(one) },
    { changed: listed(one) },
    { twice: listed({ ...one, times: 2 }) },
    { ledger: [{ hour: one.at, counted: 2, held: 1 }] },
    { unreadable: 1 },
  ];
  for (const each of differing) expect(agrees({ ...same, ...each })).toBe(false);
  for (const each of [{}, { gone: 1 }, { withoutRaw: 1 }]) expect(agrees({ ...same, ...each })).toBe(true);
  expect(agrees({ kind: "not_compared", reason: "it was cancelled" })).toBe(false);
});

test("people are told each difference with its id, and ten of a kind at most", () => {
  const lines = idLines({
    ...same,
    missing: listed({ ...one, published: "before" }),
    extra: listed(one, 12),
    changed: listed(one),
    twice: { count: 2, listed: [2, 3].map((times) => ({ ...one, times })) },
    ledger: [{ hour: "2026-11-23T00:00:00.000Z", counted: 2, held: 1 }],
    gone: 1,
    withoutRaw: 2,
    unreadable: 1,
  });
  const extra = "  extra, published and not shown: a of 2026-11-23T00:00:01.000Z";
  expect(lines).toEqual([
    "20 activities shown by the API, 19 published, 1 dead-lettered: 1 missing, 12 extra, 1 changed, 2 published twice",
    "  missing: a of 2026-11-23T00:00:01.000Z, published once, and gone from the topic",
    ...Array.from({ length: 10 }, () => extra),
    "  and 2 more; --output json has them",
    "  changed since it was published: a of 2026-11-23T00:00:01.000Z",
    "  published twice: a of 2026-11-23T00:00:01.000Z",
    "  published twice: a of 2026-11-23T00:00:01.000Z, 3 times",
    "  2026-11-23T00:00:00.000Z: the ledger counts 2, the topic holds 1",
    "  not judged: 1 activity not in the topic, but older than what its retention has left",
    "  not judged: whether 2 activities were changed, published without raw",
    "  1 record of the scan cannot be read",
  ]);
  const many = { count: 200, listed: Array.from({ length: 100 }, () => one) };
  expect(idLines({ ...same, changed: many }).at(-1)).toBe("  and 190 more; --output json has the first 100");
  expect(idLines({ kind: "not_compared", reason: "it was cancelled" })).toEqual([
    "ids could not be compared: it was cancelled",
  ]);
});
