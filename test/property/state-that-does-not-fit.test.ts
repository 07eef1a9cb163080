import { expect, test } from "vitest";
import { chunkKey, ledgerKey } from "../../src/scan/ledger.ts";
import { SLICE_MS } from "../../src/scan/slice.ts";
import { publishedIds } from "../fakes/sim-connector.ts";
import { DAY_MS, HOUR_MS, idsOf, MINUTE_MS, NOW_MS, Scene, saved, sorted } from "../unit/connector/scene.ts";

const LOOKBACKS = { lookbacksMs: [2 * MINUTE_MS, DAY_MS], cursorField: "created" as const };
const SECOND = "second";

/** One an hour, from a day before now until two days after it. */
const hourly = Array.from({ length: 72 }, (_, at) => saved(`a${at}`, NOW_MS - DAY_MS + HOUR_MS / 2 + at * HOUR_MS));

function sceneOfTwo(): Scene {
  const scene = new Scene({ activities: hourly, scan: { ...LOOKBACKS, pollIntervalMs: 10 * MINUTE_MS } });
  const [first] = scene.config.scans;
  scene.config = { ...scene.config, scans: [first!, { ...first!, name: SECOND, topic: "second-activities" }] };
  return scene;
}

function without(scene: Scene, name: string): Scene["config"] {
  return { ...scene.config, scans: scene.config.scans.filter((scan) => scan.name !== name) };
}

const stateOf = (scene: Scene, scan: string) =>
  scene
    .of("scan_state")
    .filter((event) => event.scan === scan)
    .at(-1);

/** A connector that has run with both scans for an hour, and has just begun without the second. */
async function takenOut() {
  const scene = sceneOfTwo();
  const both = scene.config;
  scene.start();
  await scene.pass(HOUR_MS);
  scene.config = without(scene, SECOND);
  scene.restart();
  return { scene, both };
}

/** A scan's records in the cursors topic. */
function recordsOf(scene: Scene, scan: string): string[] {
  const shard = scene.cluster.process().port.shardOf("contoso");
  const all = [...scene.cluster.committedState(shard)].filter(([key]) => key.includes(`"scan":"${scan}"`));
  return all.map(([key, value]) => `${key} ${value.toString("base64")}`).sort();
}

test.each([
  ["an hour", HOUR_MS],
  ["thirty hours, beyond its last age", 30 * HOUR_MS],
])("a scan that is taken out for %s keeps its state, and added again goes on from it", async (_, outMs) => {
  const { scene, both } = await takenOut();
  const before = recordsOf(scene, SECOND);
  await scene.pass(outMs);
  expect(recordsOf(scene, SECOND)).toEqual(before);
  scene.config = both;
  scene.restart();
  await scene.pass(NOW_MS + 50 * HOUR_MS - scene.clock.nowMs());
  for (const topic of [undefined, "second-activities"]) {
    expect(sorted(publishedIds(scene.cluster, topic))).toEqual(idsOf(hourly));
  }
  for (const { name } of both.scans) expect(stateOf(scene, name)?.state).toBe("idle");
  expect(scene.of("cursor_moved").at(-1)?.openGaps).toBe(0);
});

test("a scan that is added again with other filters is blocked, and set back it goes on", async () => {
  const { scene, both } = await takenOut();
  await scene.pass(HOUR_MS);
  const [first, second] = both.scans;
  scene.config = { ...both, scans: [first!, { ...second!, filters: { service: { eq: [1] } } }] };
  scene.restart();
  await scene.pass(HOUR_MS);
  expect(stateOf(scene, SECOND)).toMatchObject({ state: "blocked", code: "cursor_foreign" });
  expect(stateOf(scene, first!.name)?.state).toBe("idle");
  scene.config = both;
  scene.restart();
  await scene.pass(NOW_MS + 50 * HOUR_MS - scene.clock.nowMs());
  expect(sorted(publishedIds(scene.cluster, "second-activities"))).toEqual(idsOf(hourly));
});

test.each<[string, (sliceMs: number) => string]>([
  ["chunk of ids", (sliceMs) => chunkKey("contoso-all", "created", sliceMs, 0)],
  ["ledger", (sliceMs) => ledgerKey("contoso-all", "created", sliceMs)],
])("a missing %s blocks its scan before anything is asked, and the record restored lets it go on", async (_, keyOf) => {
  const scene = sceneOfTwo();
  scene.config = without(scene, SECOND);
  scene.start();
  await scene.pass(HOUR_MS);
  const { port } = scene.cluster.process();
  const shard = port.shardOf("contoso");
  const key = keyOf(NOW_MS - SLICE_MS);
  const record = scene.cluster.committedState(shard).get(key);
  expect(record).toBeInstanceOf(Buffer);
  const write = async (value: Buffer | null) => {
    const log = port.shard(shard);
    const { signal } = new AbortController();
    await log.open(signal);
    await log.commit({ state: [{ key, value }], records: [] }, signal);
  };
  await write(null);
  scene.restart();
  const asked = scene.tenant.arrivalsMs.length;
  await scene.pass(HOUR_MS);
  expect(stateOf(scene, "contoso-all")).toMatchObject({ state: "blocked", code: "cursor_corrupt" });
  expect(scene.tenant.arrivalsMs).toHaveLength(asked);
  await write(record!);
  scene.restart();
  await scene.pass(NOW_MS + 50 * HOUR_MS - scene.clock.nowMs());
  expect(sorted(scene.published)).toEqual(idsOf(hourly));
});
