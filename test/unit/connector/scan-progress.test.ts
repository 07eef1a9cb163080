import { expect, test } from "vitest";
import { openMetrics } from "../../../src/observe/metrics.ts";
import { SIM_CURSORS } from "../../fakes/sim-connector.ts";
import { backlog, HOUR_MS, MINUTE_MS, Scene } from "./scene.ts";

const SECOND_MS = 1_000;

/** What `time() - caught_up_timestamp_seconds` gives now, from the metrics of the process that was started last. */
async function lagSeconds(scene: Scene): Promise<number> {
  const metrics = openMetrics({
    version: "1",
    configuredAtMs: 0,
    tenants: [{ name: "contoso", requestsPerMinute: 600 }],
    scans: scene.config.scans,
    shards: SIM_CURSORS.partitions,
  });
  for (const event of scene.events) metrics.record(event);
  const gauge = await metrics.registry.getSingleMetric("mdca_source_caught_up_timestamp_seconds")?.get();
  return scene.clock.nowMs() / 1_000 - (gauge?.values[0]?.value ?? 0);
}

/** Time goes by, whether or not anybody waits for it. */
async function elapse(scene: Scene, forMs: number): Promise<void> {
  void scene.clock.sleep(forMs, new AbortController().signal);
  await scene.pass(forMs);
}

async function caughtUp(options: ConstructorParameters<typeof Scene>[0] = {}): Promise<Scene> {
  const scene = new Scene({ activities: backlog(30), ...options });
  scene.start();
  await scene.pass(5 * MINUTE_MS);
  return scene;
}

test("lag is true on an idle tenant: it stays within a poll however long there is nothing to read", async () => {
  const scene = await caughtUp();
  for (let hour = 0; hour < 5; hour++) {
    await scene.pass(HOUR_MS);
    expect(await lagSeconds(scene)).toBeLessThanOrEqual(12);
  }
});

test("lag is true on a throttled tenant: it grows as time does, and ends with the first page that gets through", async () => {
  let throttled = false;
  const scene = await caughtUp({
    fault: () => (throttled ? { kind: "throttled", waitMs: 45 * SECOND_MS, hint: "header" } : null),
  });
  throttled = true;
  const [before, fromMs] = [await lagSeconds(scene), scene.clock.nowMs()];
  await scene.pass(20 * MINUTE_MS);
  const grown = (await lagSeconds(scene)) - before;
  expect(Math.abs(grown - (scene.clock.nowMs() - fromMs) / 1_000)).toBeLessThanOrEqual(12);
  throttled = false;
  await scene.pass(2 * MINUTE_MS);
  expect(await lagSeconds(scene)).toBeLessThanOrEqual(12);
});

test("lag is true during a recovery: what was missed counts until it is read, though the tail is at now", async () => {
  const scan = { catchUp: { afterMs: 15 * MINUTE_MS, order: "newest-first" as const } };
  // As many, and pages as small, as make the recovery last.
  const scene = new Scene({ activities: backlog(3), scan, pageCeiling: 3 });
  const first = scene.start();
  await scene.pass(5 * MINUTE_MS);
  first.kill();
  scene.clock.forget();
  const fromMs = scene.clock.nowMs();
  for (let at = 0; at < 400; at++) {
    const createdMs = fromMs + at * 10 * SECOND_MS;
    scene.tenant.activities.push({ id: `m${at}`, createdMs, dateMs: createdMs, visibleMs: createdMs });
  }
  await elapse(scene, 2 * HOUR_MS);
  scene.start();
  await scene.until(({ type }) => type === "recovery_begun");
  await scene.until((event) => event.type === "cursor_moved" && event.jobs.length > 0);
  expect(await lagSeconds(scene)).toBeGreaterThan(2 * 60 * 60 - 15);
  await scene.until((event) => event.type === "cursor_moved" && event.jobs.length === 0);
  await scene.pass(MINUTE_MS);
  expect(await lagSeconds(scene)).toBeLessThanOrEqual(12);
});

test("lag is true when the connector hangs: the moment stands still, and time goes on", async () => {
  let hangs = false;
  const step = () => (hangs ? new Promise<never>(() => undefined) : Promise.resolve());
  const scene = await caughtUp({ step });
  hangs = true;
  const before = await lagSeconds(scene);
  await elapse(scene, 3 * HOUR_MS);
  expect((await lagSeconds(scene)) - before).toBeGreaterThan(3 * 60 * 60 - 15);
});

test("lag is true from the first moment of a new process, though its tenant does not answer", async () => {
  let down = false;
  const scene = await caughtUp({ fault: () => (down ? { kind: "retry", reason: "503" } : null) });
  down = true;
  const fromMs = scene.clock.nowMs();
  scene.restart();
  await scene.pass(HOUR_MS);
  // What was found quiet is committed once a minute: the state may be that much older.
  expect(Math.abs((await lagSeconds(scene)) - (scene.clock.nowMs() - fromMs) / 1_000)).toBeLessThanOrEqual(72);
});
