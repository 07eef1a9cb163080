import { expect, test } from "vitest";
import { ConnectorError } from "../../src/kit/errors.ts";
import { publishedIds, simConfig } from "../fakes/sim-connector.ts";
import { backfill, Commanded, LOOKBACKS } from "../unit/connector/commanded.ts";
import { backlog, HOUR_MS, idsOf, MINUTE_MS, NOW_MS, saved, sorted } from "../unit/connector/scene.ts";

const SECOND = "second";
const pause = { action: "scan_pause" } as const;
const resume = { action: "scan_resume" } as const;
/** One a minute from now on. */
const coming = (count: number) =>
  Array.from({ length: count }, (_, at) => saved(`n${at}`, NOW_MS + (at + 1) * MINUTE_MS));

/** A second scan of the tenant, told by its filters. */
function withSecond(commanded: Commanded): void {
  const { scene } = commanded;
  const [first] = scene.config.scans;
  const filters = { service: { neq: [1] } };
  scene.config = { ...scene.config, scans: [first!, { ...first!, name: SECOND, topic: "second-topic", filters }] };
}

/** Requests for the first scan, which has no filters but its times. */
const asked = ({ scene }: Commanded): number =>
  scene.tenant.requests.filter(({ filters }) => !filters.includes("service")).length;

test("nothing is asked for a paused scan, over a restart, while the tenant's other scan goes on; resumed, it misses nothing", async () => {
  const commanded = new Commanded({ activities: coming(90), scan: LOOKBACKS });
  withSecond(commanded);
  const { scene } = commanded;
  scene.start();
  await scene.pass(10 * MINUTE_MS);
  expect(await commanded.command(pause)).toMatchObject({ outcome: "done" });
  const [before, published] = [asked(commanded), scene.published.length];
  expect(
    scene
      .of("scan_state")
      .filter(({ scan }) => scan === "contoso-all")
      .at(-1),
  ).toMatchObject({
    state: "paused",
    reason: expect.stringMatching(/^paused by test since 2026.*`scan resume` lets it go on$/),
  });
  expect(scene.cursor().paused).toMatchObject({ by: "test" });
  await scene.pass(20 * MINUTE_MS);
  scene.restart();
  await scene.pass(30 * MINUTE_MS);
  expect([asked(commanded), scene.published.length]).toEqual([before, published]);
  expect(publishedIds(scene.cluster, "second-topic").length).toBeGreaterThan(50);
  expect(
    scene
      .of("scan_state")
      .filter(({ scan }) => scan === "contoso-all")
      .at(-1)?.state,
  ).toBe("paused");
  expect(await commanded.command(pause)).toMatchObject({
    outcome: "refused",
    message: expect.stringMatching(/paused by test since .* already/),
  });
  expect(await commanded.command(resume)).toMatchObject({ outcome: "done" });
  await scene.pass(50 * MINUTE_MS);
  expect(sorted(scene.published)).toEqual(idsOf(scene.tenant.activities));
  expect(scene.cursor().paused).toBeNull();
  expect(await commanded.command(resume)).toMatchObject({ outcome: "refused", message: "it is not paused" });
});

test("a tenant's only scan is resumed after a restart, though nobody has asked the tenant for its time", async () => {
  const commanded = new Commanded({ activities: [...backlog(30), ...coming(40)], scan: LOOKBACKS });
  const { scene } = commanded;
  scene.start();
  await scene.pass(5 * MINUTE_MS);
  await commanded.command(pause);
  scene.restart();
  await scene.pass(10 * MINUTE_MS);
  // Judged by this machine's time, as nobody will ask the tenant.
  const added = await commanded.command(backfill(NOW_MS - HOUR_MS, NOW_MS));
  expect(added).toMatchObject({ outcome: "done" });
  expect(scene.of("cursor_moved").at(-1)?.jobs).toMatchObject([{ reader: expect.stringMatching(/^backfill/) }]);
  expect(scene.of("request_answered")).toEqual([]);
  expect(await commanded.command(resume)).toMatchObject({ outcome: "done" });
  await scene.pass(40 * MINUTE_MS);
  expect(sorted(scene.published)).toEqual(idsOf(scene.tenant.activities));
});

test("paused in the middle of a pass, it goes on as after an outage: what is new first, and nothing twice", async () => {
  const crowd = Array.from({ length: 150 }, (_, at) => saved(`c${at}`, NOW_MS + MINUTE_MS + at * 10));
  const catchUp = { afterMs: 15 * MINUTE_MS, order: "newest-first" as const };
  const commanded = new Commanded({ activities: [...crowd, ...coming(120)], pageCeiling: 5 });
  const { scene } = commanded;
  scene.config = simConfig({ ...LOOKBACKS, catchUp }, 30);
  scene.start();
  await scene.until(({ type, ...event }) => type === "page_published" && "published" in event && event.published > 0);
  await commanded.command(pause);
  const { pass, positionMs } = scene.cursor();
  expect(pass).not.toBeNull();
  await scene.pass(HOUR_MS);
  expect(scene.cursor()).toMatchObject({ pass, positionMs });
  expect(await commanded.command(resume)).toMatchObject({ outcome: "done" });
  expect(scene.of("recovery_begun").length).toBe(1);
  await scene.pass(90 * MINUTE_MS);
  expect(sorted(scene.published)).toEqual(idsOf(scene.tenant.activities));
});

test("what is owed to lookbacks stays owed: what shows only during the pause is found after it", async () => {
  const late = saved("late", NOW_MS + 2 * MINUTE_MS, { visibleMs: NOW_MS + 3 * MINUTE_MS + 30_000 });
  const commanded = new Commanded({ activities: [...coming(5), late], scan: LOOKBACKS });
  const { scene } = commanded;
  scene.start();
  await scene.pass(3 * MINUTE_MS);
  await commanded.command(pause);
  await scene.pass(5 * HOUR_MS);
  expect(scene.published).not.toContain("late");
  await commanded.command(resume);
  await scene.pass(HOUR_MS);
  expect(sorted(scene.published)).toEqual(idsOf(scene.tenant.activities));
  expect(scene.of("cursor_moved").at(-1)?.openGaps).toBe(0);
});

test("a scan whose tenant has never answered can be paused, and is asked for no more", async () => {
  const refusing = { now: false };
  const step = async () => {
    if (refusing.now) throw new ConnectorError("credentials_refused", "no token", { disposition: "retry" });
  };
  const commanded = new Commanded({ activities: backlog(3), scan: LOOKBACKS, step });
  const { scene } = commanded;
  scene.start();
  await scene.pass(MINUTE_MS);
  refusing.now = true;
  scene.restart();
  await scene.pass(5 * MINUTE_MS);
  expect(scene.states.at(-1)).toBe("unauthorized");
  expect(await commanded.command(pause)).toMatchObject({ outcome: "done" });
  expect(scene.states.at(-1)).toBe("paused");
});
