import fc from "fast-check";
import { expect, test } from "vitest";
import { EMPTY_DIGEST, mixed } from "../../../src/scan/digest.ts";
import { type Ledger, newLedger } from "../../../src/scan/ledger.ts";
import type { Pass } from "../../../src/scan/pass.ts";
import { PassIds } from "../../../src/scan/pass-ids.ts";
import { countsOf, type Judges, judge, NEW_VERIFY, type Verify } from "../../../src/scan/verify.ts";
import { HOUR_MS, NOW_MS, passAt } from "./cursors.ts";
import { ids } from "./slice-changes.ts";

const PLENTY = Number.MAX_SAFE_INTEGER;
const ledgerOf = (published: readonly Buffer[], more: Partial<Ledger> = {}): Ledger => ({
  ...newLedger(),
  ids: published.length,
  digest: mixed(EMPTY_DIGEST, published),
  ...more,
});

interface Given {
  readonly ledger: Ledger;
  readonly whole?: Judges["whole"];
  readonly excuse?: string | null;
}

const wholeHour = { fromMs: NOW_MS, untilMs: NOW_MS + HOUR_MS - 1 };
const judgesOf = ({ ledger, whole = wholeHour, excuse = null }: Given): Judges => ({
  whole,
  ledgerOf: () => ledger,
  excuse: () => excuse,
});

interface Read extends Partial<Pick<Pass, "doubtful" | "passedBy">> {
  readonly fromMs?: number;
  readonly untilMs?: number;
  readonly shown: readonly Buffer[];
  /** Ids in the ledger when it begins, where not all of them. */
  readonly before?: number;
}

/** What one pass comes to that is shown these ids, all at its beginning. */
function read(verify: Verify, { fromMs = NOW_MS, untilMs = wholeHour.untilMs, shown, ...more }: Read, given: Given) {
  const { before = given.ledger.ids, ...flags } = more;
  const pass = passAt({ baseMs: fromMs, reachMs: untilMs, ...flags });
  const seen = new PassIds(pass, () => before);
  seen.take({ shown: shown.map((id) => ({ id, valueMs: fromMs })), fresh: [] }, PLENTY);
  return judge(verify, pass, seen, judgesOf(given));
}

const verdictOf = (pass: Read, given: Given) => {
  const { slices } = read(NEW_VERIFY, pass, given);
  return [slices[0]?.verdict, slices[0]?.reason];
};

test("an hour is equal only by count and by digest", () => {
  const ledger = ledgerOf(ids(0, 5));
  expect(verdictOf({ shown: ids(0, 5).reverse() }, { ledger })).toEqual(["equal", null]);
  expect(verdictOf({ shown: ids(0, 6) }, { ledger })).toEqual(["different", null]);
  expect(verdictOf({ shown: ids(0, 4) }, { ledger })).toEqual(["different", null]);
  expect(verdictOf({ shown: ids(1, 5) }, { ledger })).toEqual(["different", null]);
});

test("whatever passes an hour is read in, it comes out as by one", () => {
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: HOUR_MS - 1 }), { maxLength: 4 });
  fc.assert(
    fc.property(cuts, fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 8 }), (at, published, count) => {
      const given = { ledger: ledgerOf(ids(0, published)) };
      const bounds = [0, ...at.sort((a, b) => a - b), HOUR_MS];
      let verify: Verify = NEW_VERIFY;
      const verdicts: string[] = [];
      for (const [nth, from] of bounds.slice(0, -1).entries()) {
        const shown = ids(0, count).filter((_, id) => id % (bounds.length - 1) === nth);
        const pass = { fromMs: NOW_MS + from, untilMs: NOW_MS + (bounds[nth + 1] ?? 0) - 1, shown };
        const after = read(verify, pass, given);
        verify = after.verify;
        verdicts.push(...after.slices.map(({ verdict }) => verdict));
      }
      expect(verdicts).toEqual([published === count ? "equal" : "different"]);
      expect(verify.part).toBeNull();
    }),
  );
});

test.each<[string, Read, Partial<Given>]>([
  ["it is not read as a whole", { shown: [], fromMs: NOW_MS + 1 }, { whole: { ...wholeHour, fromMs: NOW_MS + 1 } }],
  ["its pages contradicted themselves", { shown: [], doubtful: true }, {}],
  ["not all of it could be read", { shown: [], passedBy: [NOW_MS + 5] }, {}],
  ["another reader published there while it was read", { shown: ids(0, 5), before: 4 }, {}],
  ["another reader has still to read it", { shown: [] }, { excuse: "another reader has still to read it" }],
  [
    "it holds dead letters, which may have no legible time",
    { shown: ids(0, 4) },
    { ledger: ledgerOf(ids(0, 5), { deadLettered: 1 }) },
  ],
])("it is not judged where %s", (reason, pass, given) => {
  const { verify, slices } = read(NEW_VERIFY, pass, { ledger: ledgerOf(ids(0, 5)), ...given });
  expect(slices).toMatchObject([{ verdict: "unjudged", reason }]);
  expect(verify).toEqual({ ...NEW_VERIFY, unjudged: { [reason]: 1 } });
  expect(countsOf(verify)).toEqual({ equal: 0, different: 0, unjudged: 1 });
});
