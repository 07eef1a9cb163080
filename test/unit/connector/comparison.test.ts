import { expect, test } from "vitest";
import type { Ledger } from "../../../src/scan/ledger.ts";
import { askVerify } from "../../fakes/ask-verify.ts";
import { backlog, DAY_MS, HOUR_MS, MINUTE_MS, NOW_MS, Scene, type SceneOptions, saved, sorted } from "./scene.ts";

const ACTIVITIES = backlog(300);
/** The hour from three hours ago on: all of it is read, settled and forgotten. */
const OLD_MS = NOW_MS - 3 * HOUR_MS;
const SCAN = {
  cursorField: "created" as const,
  lookbacksMs: [2 * MINUTE_MS, 30 * MINUTE_MS],
  start: { kind: "age" as const, ageMs: 4 * HOUR_MS },
};

/** A connector that has read 240 activities of four hours, and has been caught up for one more. */
async function caughtUp(options: SceneOptions = {}): Promise<Scene> {
  const scene = new Scene({ activities: ACTIVITIES, scan: SCAN, ...options });
  scene.start();
  await scene.pass(HOUR_MS);
  expect(scene.ledgers().get(OLD_MS)).toMatchObject({ remembered: false, ids: 60 });
  return scene;
}

let sent = 0;

/** Has a stretch verified, up to the job's end. */
async function verify(scene: Scene, fromMs = OLD_MS - HOUR_MS, untilMs = NOW_MS): Promise<void> {
  await ask(scene, fromMs, untilMs);
  const before = scene.of("verify_done").length;
  await scene.clock.runUntil(() => scene.of("verify_done").length > before, 20_000);
}

async function ask(scene: Scene, fromMs = OLD_MS - HOUR_MS, untilMs = NOW_MS): Promise<void> {
  await askVerify(scene.cluster, { id: `v${++sent}`, fromMs, untilMs });
}

const ledgerOf = (scene: Scene, sliceMs = OLD_MS): Ledger | undefined => scene.ledgers().get(sliceMs);
const verdicts = (scene: Scene) => scene.of("slice_verified").map(({ sliceMs, verdict }) => [sliceMs, verdict]);
const openMismatches = (scene: Scene) => scene.of("cursor_moved").at(-1)?.openMismatches;

test("hours whose ids are forgotten are found equal to what the API shows", async () => {
  const scene = await caughtUp();
  const before = scene.published.length;
  await verify(scene);
  // The last hour is not read to its end: the tail stands at its last activity.
  const expected = ["equal", "equal", "equal", "unjudged"];
  expect(verdicts(scene)).toEqual(expected.map((verdict, at) => [OLD_MS + (at - 1) * HOUR_MS, verdict]));
  expect(scene.of("verify_done")).toMatchObject([{ equal: 3, different: 0, unjudged: 1 }]);
  expect(ledgerOf(scene)?.verified).toMatchObject({ ids: 60, equal: true });
  expect(scene.published).toHaveLength(before);
  expect(openMismatches(scene)).toBe(0);
});

test("what shows after the last age is a mismatch: told, kept over a restart, never published", async () => {
  const scene = await caughtUp();
  scene.tenant.activities.push(saved("too late", OLD_MS + 1));
  await verify(scene);
  expect(scene.of("slice_verified").find(({ verdict }) => verdict === "different")).toMatchObject({
    sliceMs: OLD_MS,
    published: 60,
    shown: 61,
  });
  expect(scene.published).not.toContain("too late");
  expect(scene.anomalies("outside_memory")).toBe(0);
  expect(ledgerOf(scene)).toMatchObject({ ids: 60, gaps: [], verified: { ids: 61, equal: false } });
  scene.restart();
  await scene.until(({ type }) => type === "cursor_moved");
  expect(scene.of("cursor_moved").at(-1)).toMatchObject({
    openMismatches: 1,
    mismatches: [{ sliceMs: OLD_MS, published: 60, shown: 61 }],
  });
});

test("a mismatch is closed only by a later verify that comes out equal", async () => {
  const scene = await caughtUp();
  scene.tenant.activities.push(saved("too late", OLD_MS + 1));
  await verify(scene);
  await verify(scene);
  expect(openMismatches(scene)).toBe(1);
  scene.tenant.activities.pop();
  await scene.pass(2 * HOUR_MS);
  expect(openMismatches(scene)).toBe(1);
  await verify(scene);
  expect(openMismatches(scene)).toBe(0);
  expect(ledgerOf(scene)?.verified).toMatchObject({ ids: 60, equal: true });
});

test("an activity that is gone at the tenant, and one in another's place, are mismatches as well", async () => {
  const scene = await caughtUp();
  const at = scene.tenant.activities.findIndex(({ createdMs }) => createdMs > OLD_MS);
  const [gone] = scene.tenant.activities.splice(at, 1);
  await verify(scene);
  expect(scene.of("slice_verified").filter(({ verdict }) => verdict === "different")).toMatchObject([
    { published: 60, shown: 59 },
  ]);
  scene.tenant.activities.push(saved("another", gone!.createdMs));
  await verify(scene);
  expect(scene.of("slice_verified").filter(({ verdict }) => verdict === "different")[1]).toMatchObject({
    published: 60,
    shown: 60,
  });
});

test("what shows late where ids are remembered is published once, and no mismatch", async () => {
  const remembering = new Scene({ activities: ACTIVITIES, scan: { ...SCAN, lookbacksMs: [2 * MINUTE_MS, DAY_MS] } });
  remembering.start();
  await remembering.pass(10 * MINUTE_MS);
  remembering.tenant.activities.push(saved("late", OLD_MS + 1));
  await verify(remembering);
  expect(remembering.published.filter((id) => id === "late")).toHaveLength(1);
  expect(remembering.of("verify_done")).toMatchObject([{ equal: 3, different: 0 }]);
  expect(remembering.of("page_published").filter(({ reader, late }) => reader === "verify" && late > 0)).toHaveLength(
    1,
  );
  expect(sorted(remembering.published).length).toBe(new Set(remembering.published).size);
});

test("pages that overlap, and small ones, count each activity once", async () => {
  const scene = await caughtUp({ pageCeiling: 7, next: "boundary" });
  await verify(scene);
  expect(scene.of("verify_done")).toMatchObject([{ equal: 3, different: 0, unjudged: 1 }]);
});

test("a process that dies in mid-pass leaves no false mismatch: its pass begins anew", async () => {
  const scene = await caughtUp({ pageCeiling: 7 });
  await ask(scene);
  await scene.until((event) => event.type === "page_published" && event.reader === "verify" && event.read > 0);
  scene.restart();
  await scene.until(({ type }) => type === "verify_done");
  expect(scene.of("verify_done")).toMatchObject([{ different: 0 }]);
});
