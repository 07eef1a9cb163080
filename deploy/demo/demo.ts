import { setTimeout as delay } from "node:timers/promises";
import { checkTopic } from "../../test/real/checker.ts";
import { eventually, tail } from "../../test/real/process.ts";
import { type LiveStatus, type MockProcess, startDownstream, startMock, statusOf } from "../../test/real/stack.ts";
import { givenDownstream, startDemoConnector } from "./demo-connector.ts";

const seconds = Number(process.env["DEMO_SECONDS"] ?? "75");
const topic = `mdca-demo-${Date.now().toString(36)}`;
const live = process.stdout.isTTY === true;

const MOCK_FLAGS = [
  ["--backlog", "50000", "--rate", "50"],
  ["--request-limit", "30", "--request-window", "60s"],
  // A second client that takes part of the tenant's limit for a while.
  ["--foreign-requests", "60", "--foreign-from", "5s", "--foreign-until", "20s"],
].flat();

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** The live line: what an operator would look at first. */
function lineOf(status: LiveStatus | null, perSecond: number): string {
  const scan = status?.scans[0];
  const tenant = status?.tenants[0];
  if (scan === undefined || tenant === undefined) return "the connector is starting";
  const { used, limit } = tenant.requestsPerMinute;
  return [
    `published ${scan.counts.published.toLocaleString("en")}`,
    `${Math.round(perSecond).toLocaleString("en")}/s`,
    `lag ${scan.lagSeconds === null ? "?" : `${Math.round(scan.lagSeconds)} s`}`,
    `budget ${used}/${limit}`,
    `throttled ${tenant.throttled}`,
    scan.state,
  ].join(" · ");
}

/** What had been published when the first 429 came; null before. */
interface Seen {
  throttledAt: number | null;
}

/** Follows the connector until `until` aborts. */
async function watch(port: number, seen: Seen, until: AbortSignal): Promise<void> {
  let last = { published: 0, atMs: performance.now() };
  for (let second = 0; !until.aborted; second++) {
    await delay(1_000, undefined, { signal: until }).catch(() => {});
    const status = await statusOf(port);
    const published = status?.scans[0]?.counts.published ?? 0;
    const nowMs = performance.now();
    const line = lineOf(status, ((published - last.published) * 1_000) / (nowMs - last.atMs));
    if ((status?.tenants[0]?.throttled ?? 0) > 0) seen.throttledAt ??= published;
    last = { published, atMs: nowMs };
    if (live) process.stdout.write(`\r\x1b[2K  ${line}`);
    else if (second % 5 === 4) say(`  ${line}`);
  }
  if (live) say("");
}

/** Until everything that the tenant shows is published; the tenant makes nothing new any more. */
async function finish(port: number, mock: MockProcess): Promise<void> {
  await mock.control({ rate: 0 });
  const { activities } = await mock.stats();
  await eventually(
    async () => {
      const counts = (await statusOf(port))?.scans[0]?.counts;
      return (counts?.published ?? 0) + (counts?.deadLettered ?? 0) >= activities;
    },
    120_000,
    `all ${activities} activities to be published`,
  );
}

async function demo(): Promise<boolean> {
  say("Starting Kafka and the schema registry …");
  await using downstream = await startDownstream(givenDownstream());
  say(`  Kafka ${downstream.bootstrap}, registry ${downstream.registry}`);
  await using mock = await startMock(MOCK_FLAGS);
  say(`  a mock tenant at ${mock.url}: 50,000 activities waiting, 50 new a second, 30 requests a minute`);
  await using demo = await startDemoConnector(mock.url, downstream, topic);
  const { process: connector, port } = demo;
  say(`The connector runs: http://127.0.0.1:${port}/status and /metrics\n`);
  const seen: Seen = { throttledAt: null };
  const enough = new AbortController();
  process.once("SIGINT", () => enough.abort());
  const timer = seconds > 0 ? setTimeout(() => enough.abort(), seconds * 1_000) : undefined;
  const ended = connector.exited.then(() => enough.abort());
  await watch(port, seen, enough.signal);
  clearTimeout(timer);
  if (!connector.isRunning()) {
    await ended;
    say(`The connector ended by itself:\n${tail(connector.log())}`);
    return false;
  }
  say("\nNo more new activities; waiting for the last to be published …");
  await finish(port, mock);
  const stats = await mock.stats();
  const { clean, report, printed } = await checkTopic({
    bootstrap: downstream.bootstrap,
    topics: [topic],
    registry: downstream.registry,
    truth: `${mock.url}/_truth`,
    dlq: `${topic}-dlq`,
    print: 3,
  });
  const exit = await connector.stop();
  say(`\nThree of them, decoded by Kafka's Java client and Apache Avro:\n${printed}\n`);
  const since = report.published - (seen.throttledAt ?? report.published);
  const over = Math.max(0, stats.maxInWindow - stats.requestLimit);
  const rows: [string, string | number, boolean][] = [
    ["activities at the tenant", report.expected, report.expected > 0],
    ["published", report.published, report.published === report.expected],
    ["missing", report.missing, report.missing === 0],
    ["duplicate", report.duplicate, report.duplicate === 0],
    ["altered", report.altered, report.altered === 0],
    ["our requests over the budget", over, over === 0],
    ["throttled because of the second client", stats.byStatus["429"] ?? 0, seen.throttledAt !== null],
    ["published since then", since, since > 0],
    ["clean stop", exit.code === 143 ? "yes" : `no (${exit.code ?? exit.signal})`, exit.code === 143],
  ];
  for (const [what, value, good] of rows) say(`  ${good ? "ok  " : "FAIL"} ${what}: ${value.toLocaleString("en")}`);
  if (!clean) say(JSON.stringify(report, null, 2));
  say(`\nThe connector's log: ${connector.logFile}`);
  say('Next: README.md, "Your tenant in ten minutes".');
  return clean && rows.every(([, , good]) => good);
}

process.exitCode = (await demo()) ? 0 : 1;
