import { expect, test } from "vitest";
import { EMPTY_DIGEST, mixed } from "../../../src/scan/digest.ts";
import { PassIds } from "../../../src/scan/pass-ids.ts";
import { HOUR_MS, NOW_MS, passAt } from "./cursors.ts";
import { ids } from "./slice-changes.ts";

const PLENTY = Number.MAX_SAFE_INTEGER;
/** Two hours, each with three ids in its ledger. */
const seenOf = () => new PassIds(passAt({ baseMs: NOW_MS, reachMs: NOW_MS + 2 * HOUR_MS - 1 }), () => 3);
const shown = (from: number, count: number, valueMs = NOW_MS) => ids(from, count).map((id) => ({ id, valueMs }));

test("an id counts once, however often and on whichever page the pass is shown it", () => {
  const seen = seenOf();
  seen.take({ shown: [...shown(0, 2), ...shown(0, 2)], fresh: [] }, PLENTY);
  seen.take({ shown: [...shown(1, 2), ...shown(9, 1, NOW_MS + HOUR_MS)], fresh: [] }, PLENTY);
  expect(seen.of(NOW_MS)).toEqual({ ids: 3, digest: mixed(EMPTY_DIGEST, ids(0, 3)), before: 3, own: 0, doubt: null });
  expect(seen.of(NOW_MS + HOUR_MS)).toMatchObject({ ids: 1 });
});

test("what a nudge shows beside the pass's bounds is not its own", () => {
  const seen = seenOf();
  seen.take({ shown: [...shown(0, 1, NOW_MS - 1), ...shown(1, 1, NOW_MS + 2 * HOUR_MS)], fresh: [] }, PLENTY);
  expect(seen.of(NOW_MS)).toMatchObject({ ids: 0 });
  expect(seen.of(NOW_MS + HOUR_MS)).toMatchObject({ ids: 0 });
});

test("what the pass publishes is counted, and makes it doubtful where that has no time of its own", () => {
  const seen = seenOf();
  seen.take({ shown: [], fresh: [{ sliceMs: NOW_MS, valueMs: NOW_MS }] }, PLENTY);
  expect(seen.of(NOW_MS)).toMatchObject({ own: 1, doubt: null });
  seen.take({ shown: [], fresh: [{ sliceMs: NOW_MS, valueMs: null }] }, PLENTY);
  expect(seen.of(NOW_MS)).toMatchObject({ own: 2, doubt: "something was published beside its pages" });
});

test("ids that occupy more than they may are let go for good, and the pass proves nothing", () => {
  const seen = seenOf();
  seen.take({ shown: shown(0, 100), fresh: [] }, PLENTY);
  const { bytes } = seen;
  expect(bytes).toBeGreaterThan(100 * 16);
  seen.take({ shown: shown(50, 50), fresh: [] }, bytes);
  expect(seen.of(NOW_MS)).toMatchObject({ ids: 100, doubt: null });
  seen.take({ shown: shown(200, 100), fresh: [] }, bytes);
  expect(seen.bytes).toBe(0);
  for (const sliceMs of [NOW_MS, NOW_MS + HOUR_MS]) {
    expect(seen.of(sliceMs).doubt).toBe("the ids of a pass over it did not fit into memory.ids");
  }
});
