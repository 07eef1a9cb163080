import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { ensureBuilt } from "../real/built.ts";
import { checkTopic } from "../real/checker.ts";
import { type LiveConnector, startLive, untilCaughtUp } from "../real/live-connector.ts";
import { eventually } from "../real/process.ts";
import { type Downstream, startDownstream, startMock } from "../real/stack.ts";
import { run } from "./cli-setup.ts";

const TOPIC = "verified";

let downstream: Downstream;
beforeAll(async () => {
  await ensureBuilt();
  downstream = await startDownstream();
});
afterAll(() => downstream?.[Symbol.asyncDispose]());

async function mockOf(seed: string): Promise<string> {
  const flags = ["--backlog", "2000", "--rate", "0", "--request-limit", "100000", "--seed", seed];
  const mock = await startMock(flags, { built: true });
  onTestFinished(() => mock[Symbol.asyncDispose]());
  return mock.url;
}

/** A connector whose hours are settled ten seconds after their end. */
async function connect(tenantUrl: string): Promise<LiveConnector> {
  const live = await startLive({
    ...downstream,
    tenantUrl,
    topic: TOPIC,
    requestsPerMinute: 1_200,
    flags: ["--set", 'scans.all.lookbacks=["5s", "10s"]'],
  });
  onTestFinished(() => live[Symbol.asyncDispose]());
  await untilCaughtUp(live, { deadlineMs: 60_000 });
  return live;
}

/** Twelve hours that are long settled, as an operator has them compared. */
async function verify(live: LiveConnector, ...flags: readonly string[]) {
  const range = ["--from", "14h", "--to", "3h"];
  return await run(["verify", "-c", live.configFile, "--scan", "all", ...range, ...flags], { built: true });
}

async function mismatches(live: LiveConnector): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${live.port}/metrics`)).text();
  return Number(/^mdca_source_open_mismatches\{.*\} (\d+)$/m.exec(text)?.[1]);
}

test("what was published is found equal; another truth is a mismatch until it is found equal again", async () => {
  const [tenant, another] = [await mockOf("1"), await mockOf("2")];
  const startedMs = Date.now();
  const live = await connect(tenant);
  const settled = () => live.status().then((status) => Date.parse(status?.scans[0]?.settledUntil ?? ""));
  await eventually(async () => (await settled()) > Date.now() - 3 * 3_600_000, 60_000, "the hours to be settled");
  // What the other tenant shows where a lookback has still to read is published, and rightly: so both lookbacks, the
  // step of five seconds included, are to be past the last moment of which either tenant has anything.
  await untilCaughtUp(live, { sinceMs: startedMs + 15_000, deadlineMs: 60_000 });
  const { published } = (await checkTopic({ ...downstream, topics: [TOPIC], truth: `${tenant}/_truth` })).report;

  expect(await verify(live)).toMatchObject({ code: 0, out: expect.stringMatching(/cost: .*\n.*nothing was changed/) });
  const equal = await verify(live, "--execute");
  expect(equal).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^done: verify\/.*(\n.*)*12 equal, 0 different/m),
  });
  expect(await mismatches(live)).toBe(0);
  await live.process.stop();

  const unlike = await connect(another);
  const different = await verify(unlike, "--execute", "--output", "json");
  expect(different).toMatchObject({ code: 1 });
  expect(different.out).toMatch(/"hours": \{\s+"equal": 0,\s+"different": 12/);
  expect(await mismatches(unlike)).toBe(12);
  expect(unlike.log.of("verify_done")).toMatchObject([{ level: "warn", different: 12 }]);
  const shown = await run(["cursor", "show", "-c", unlike.configFile], { built: true });
  expect(shown.out.match(/differs: \d+ published, the API shows \d+/g)).toHaveLength(12);
  await unlike.process.stop();
  // Nobody runs: it waits for whoever comes.
  const waiting = await verify(unlike, "--execute");
  expect(waiting).toMatchObject({ code: 0, out: expect.stringContaining("it is begun when a connector runs") });

  const again = await connect(tenant);
  await eventually(async () => (await mismatches(again)) === 0, 60_000, "the mismatches to be closed");
  const { report } = await checkTopic({ ...downstream, topics: [TOPIC], truth: `${tenant}/_truth` });
  expect(report).toMatchObject({ missing: 0, duplicate: 0, published });
});
