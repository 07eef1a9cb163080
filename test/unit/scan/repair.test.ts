import fc from "fast-check";
import { expect, test } from "vitest";
import { EMPTY_DIGEST } from "../../../src/scan/digest.ts";
import { type Ledger, newLedger } from "../../../src/scan/ledger.ts";
import {
  idsOf,
  REPAIR_IDS_MAX,
  type RepairHour,
  remedies,
  repairLeft,
  repairSchema,
  textOf,
} from "../../../src/scan/repair.ts";
import { HOUR_MS, NOW_MS } from "./cursors.ts";
import { ids } from "./slice-changes.ts";

const hour = (more: Partial<RepairHour> = {}): RepairHour => ({
  sliceMs: NOW_MS,
  ids: 0,
  digest: EMPTY_DIGEST,
  never: textOf(ids(0, 3)),
  again: textOf(ids(3, 2)),
  ...more,
});
const ledger = (more: Partial<Ledger> = {}): Ledger => ({ ...newLedger(), ...more });

test("an id is published as its list says, in its hour alone, and only while the ledger is what it was", () => {
  const at = (of: Ledger, valueMs = NOW_MS + 1) => {
    const remedyOf = remedies([hour()], () => of);
    return [...ids(0, 6)].map((id) => remedyOf(id, valueMs));
  };
  expect(at(ledger())).toEqual(["never", "never", "never", "again", "again", null]);
  const nothing = [null, null, null, null, null, null];
  expect(at(ledger(), NOW_MS + HOUR_MS)).toEqual(nothing);
  expect(at(ledger({ ids: 1 }))).toEqual(nothing);
  expect(at(ledger({ digest: "1".repeat(32) }))).toEqual(nothing);
});

test("what is published is left out, and the rest goes by the ledger that it leaves behind", () => {
  fc.assert(
    fc.property(fc.subarray([...ids(0, 5)]), fc.boolean(), (published, isOthers) => {
      const [before, after] = [ledger(), ledger({ ids: published.length + 1 })];
      const asked = [hour(), hour({ sliceMs: NOW_MS + HOUR_MS, ids: 9 })];
      const left = repairLeft(asked, published, {
        before: () => (isOthers ? ledger({ ids: 7 }) : before),
        after: () => after,
      });
      if (isOthers) expect(left).toEqual(asked);
      else {
        const rest = [...ids(0, 5)].filter((id) => !published.some((each) => each.equals(id)));
        const [first] = left.filter(({ sliceMs }) => sliceMs === NOW_MS);
        expect(first === undefined ? [] : idsOf(first)).toEqual(rest);
        if (first !== undefined) expect(first.ids).toBe(after.ids);
        expect(left.at(-1)).toEqual(asked[1]);
      }
    }),
  );
});

test("a repair of more ids than it takes, or of parts of one, is none", () => {
  const of = (never: string) => repairSchema.safeParse([hour({ never, again: "" })]).success;
  expect(of(textOf(ids(0, REPAIR_IDS_MAX)))).toBe(true);
  expect(of(textOf(ids(0, REPAIR_IDS_MAX + 1)))).toBe(false);
  expect(of(Buffer.alloc(17).toString("base64"))).toBe(false);
});
