import { expect, test } from "vitest";
import { agrees } from "../../../src/cli/sides-report.ts";
import { type RepairReport, repair, repairLines } from "../../../src/cli/verify-repair.ts";
import { SIM_TOPIC } from "../../fakes/sim-connector.ts";
import { HOUR_MS, type Scene, saved } from "../connector/scene.ts";
import { caughtUp, compare, FROM_MS, lose, never } from "./comparing.ts";

type Compared = Awaited<ReturnType<typeof compare>>;

/** Has what was found missing published, as the command line does. @param during done while the first run is under way. */
async function repaired(scene: Scene, { comparison, place }: Compared, mayRepeat = false, during?: () => void) {
  const { clock } = scene;
  const head = { version: 1, id: "x", at: "2026-11-23T09:00:00.000Z", by: "test", scan: "contoso-all" } as const;
  const { state } = await place.kafka.readState(place.shard, never);
  const by = { place, head, clock, waitMs: 600_000, mayRepeat, state };
  const ended: (RepairReport | Error)[] = [];
  const running = repair(comparison.repairs(mayRepeat), by, never).then(
    (report) => ended.push(report),
    (error: Error) => ended.push(error),
  );
  during?.();
  await clock.runUntil(() => ended.length > 0, 100_000);
  await running;
  if (ended[0] instanceof Error) throw ended[0];
  return ended[0]!;
}

const times = (scene: Scene, id: string) => scene.published.filter((each) => each === id).length;
const late = [
  saved("late1", FROM_MS + 1),
  saved("late2", FROM_MS + HOUR_MS + 1),
  saved("late3", FROM_MS + HOUR_MS + 2),
];

test("what was never published is published once; then all sides agree and no hour is a mismatch", async () => {
  const scene = await caughtUp({ pageCeiling: 7, next: "boundary" });
  scene.tenant.activities.push(...late);
  const before = await compare(scene);
  expect(before.report.missing.count).toBe(3);
  expect(scene.of("cursor_moved").at(-1)?.openMismatches).toBe(2);
  const report = await repaired(scene, before);
  expect(report).toMatchObject({ held: 0, left: 0, runs: [{ asked: 3, published: 3 }] });
  for (const { id } of late) expect(times(scene, id)).toBe(1);
  expect(scene.of("cursor_moved").at(-1)?.openMismatches).toBe(0);
  expect(scene.ledgers().get(FROM_MS)).toMatchObject({ ids: 61, repeated: 0, verified: { equal: true } });
  const after = await compare(scene);
  expect(agrees(after.report)).toBe(true);
});

test("whoever dies in the middle of a repair leaves nothing twice and nothing out", async () => {
  for (const afterMs of [900, 1_500, 2_100, 2_700]) {
    const scene = await caughtUp({ pageCeiling: 7 });
    scene.tenant.activities.push(...late);
    const report = await repaired(scene, await compare(scene), false, () => {
      void scene.clock.sleep(afterMs, never).then(() => scene.restart());
    });
    expect(report).toMatchObject({ runs: [{ asked: 3, published: 3 }] });
    expect(late.map(({ id }) => times(scene, id))).toEqual([1, 1, 1]);
  }
});

test("of two operators who repair the same, the second finds the hour changed and publishes nothing", async () => {
  const scene = await caughtUp();
  scene.tenant.activities.push(...late);
  const [one, another] = [await compare(scene), await compare(scene)];
  await repaired(scene, one);
  const report = await repaired(scene, another);
  expect(report).toMatchObject({ runs: [{ asked: 3, published: 0 }] });
  expect(late.map(({ id }) => times(scene, id))).toEqual([1, 1, 1]);
  expect(repairLines(report)[0]).toMatch(/^repair of .*: 0 of 3 published: of the others the API showed nothing, or/);
});

test("what was published before, and is gone, is published again only with the word for it, and counted once", async () => {
  const scene = await caughtUp();
  const ledger = scene.ledgers().get(FROM_MS);
  lose(scene, "a70");
  const found = await compare(scene);
  const without = await repaired(scene, found);
  expect(without).toEqual({ runs: [], held: 1, left: 0 });
  expect(repairLines(without)).toEqual([
    "there is nothing to repair",
    "1 activity was published before, or may have been: who has read them gets them twice with --may-repeat",
  ]);
  const report = await repaired(scene, found, true);
  expect(report).toMatchObject({ held: 0, runs: [{ asked: 1, published: 1 }] });
  const copies = scene.cluster
    .committed(SIM_TOPIC)
    .filter(({ key, headers }) => String(key) === "a70" && "scan" in headers);
  expect(copies).toHaveLength(1);
  expect(scene.ledgers().get(FROM_MS)).toMatchObject({ ids: ledger!.ids, digest: ledger!.digest });
  expect(agrees((await compare(scene)).report)).toBe(true);
});
