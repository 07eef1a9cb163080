import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureBuilt } from "../real/built.ts";
import { checkTopic } from "../real/checker.ts";
import { type LiveConnector, startLive, untilCaughtUp } from "../real/live-connector.ts";
import { eventually } from "../real/process.ts";
import { type Downstream, startDownstream, startMock } from "../real/stack.ts";
import { run } from "./cli-setup.ts";

const TOPIC = "late";
const LAST_AGE_MS = 30_000;

let downstream: Downstream;
beforeAll(async () => {
  await ensureBuilt();
  downstream = await startDownstream();
});
afterAll(() => downstream?.[Symbol.asyncDispose]());

const truth = (url: string) => ({
  bootstrap: downstream.bootstrap,
  topics: [TOPIC],
  registry: downstream.registry,
  truth: `${url}/_truth`,
  dlq: `${TOPIC}-dlq`,
});

/** What a reader has published so far, by the connector's own metrics. */
async function lateBy(live: LiveConnector, reader: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${live.port}/metrics`)).text();
  const line = text
    .split("\n")
    .find((each) => each.startsWith("mdca_source_activities_late_total") && each.includes(reader));
  return Number(line?.split(" ").at(-1) ?? 0);
}

test("late activities, ties and a kill: all is found once; a backfill over it repeats nothing", async () => {
  const shown = ["--late-visible-share", "0.3", "--late-visible-max", "25s", "--tie-share", "0.3", "--tie-size", "40"];
  await using mock = await startMock(["--backlog", "3000", "--rate", "80", "--request-limit", "100000", ...shown], {
    built: true,
  });
  const options = {
    tenantUrl: mock.url,
    bootstrap: downstream.bootstrap,
    registry: downstream.registry,
    topic: TOPIC,
    requestsPerMinute: 1_200,
    flags: ["--set", 'scans.all.lookbacks=["10s", "30s"]'],
  };
  const first = await startLive(options);
  await first.ready();
  await delay(20_000);
  expect(await lateBy(first, "lookback_10s")).toBeGreaterThan(0);
  await first.process.kill9();

  await using live = await startLive(options);
  await live.ready();
  await delay(15_000);
  await mock.control({ rate: 0 });
  await delay(LAST_AGE_MS + 10_000);
  await untilCaughtUp(live, { deadlineMs: 60_000 });
  await eventually(
    async () => (await checkTopic(truth(mock.url))).report.missing === 0,
    60_000,
    "the last to be found",
  );
  const { report } = await checkTopic(truth(mock.url));
  console.log(
    JSON.stringify({ late: [await lateBy(live, "lookback_10s"), await lateBy(live, "lookback_30s")], report }),
  );
  expect(report).toMatchObject({ missing: 0, duplicate: 0, altered: 0, unknown: 0, mistimed: 0, undecodable: 0 });
  expect(await lateBy(live, "lookback_30s")).toBeGreaterThan(0);

  const backfill = ["backfill", "add", "-c", live.configFile, "--scan", "all", "--execute"];
  const forgotten = await run([...backfill, "--from", "5h", "--until", "10s"]);
  expect(forgotten).toMatchObject({ code: 1, out: expect.stringContaining("--may-repeat") });
  // The present hour is not settled yet, and its ids are remembered.
  const fromMs = Math.max(Math.floor(Date.now() / 3_600_000) * 3_600_000, Date.now() - 600_000);
  const from = new Date(fromMs).toISOString();
  const added = await run([...backfill, "--from", from, "--until", "1s"]);
  expect(added).toMatchObject({ code: 0, out: expect.stringContaining("done") });
  await eventually(async () => (await live.status())?.scans[0]?.jobs.length === 0, 60_000, "the backfill to be done");
  expect(live.log.of("command_applied").length).toBe(1);
  expect((await checkTopic(truth(mock.url))).report).toMatchObject({
    missing: 0,
    duplicate: 0,
    published: report.published,
  });
  const reset = await run([
    "cursor",
    "reset",
    "-c",
    live.configFile,
    "--scan",
    "all",
    "--to-datetime",
    from,
    "--execute",
  ]);
  expect(reset).toMatchObject({ code: 0 });
  await eventually(
    async () => (await live.status())?.scans[0]?.jobs.length === 0,
    60_000,
    "the stretch to be read again",
  );
  expect((await checkTopic(truth(mock.url))).report).toMatchObject({
    missing: 0,
    duplicate: 0,
    published: report.published,
  });
  const shownCursor = await run(["cursor", "show", "-c", live.configFile]);
  expect(shownCursor.code).toBe(0);
}, 300_000);
