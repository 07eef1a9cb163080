import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Broker, startBroker } from "../real/broker.ts";
import { ensureBuilt } from "../real/built.ts";
import { type CheckReport, checkTopic } from "../real/checker.ts";
import type { JsonLog } from "../real/json-log.ts";
import { type LiveConnector, type LiveOptions, startLive, untilCaughtUp } from "../real/live-connector.ts";
import { transactionMarkers } from "../real/log-segments.ts";
import { type Registry, startRegistry } from "../real/registry.ts";
import { type MockProcess, startMock } from "../real/stack.ts";

const KILLS = Number(process.env["KILLS"] ?? "20");
/** The same seed gives the same aims and delays: `KILL_SEED=… npx vitest run … kill.test.ts`. */
const SEED = Number(process.env["KILL_SEED"] ?? Date.now() % 1_000_000);
/** So many at least have to fall into a transaction: where the aim was too poor, some more are made. */
const IN_TRANSACTION = Math.max(4, Math.floor(KILLS / 5));
const MINUTE_MS = 60_000;
/** Some activities are shown only this long after they were saved: less than the overlap of the tail. */
const LATE_MS = 3_000;

type Aim = "starting" | "fetching" | "committing" | "between" | "anywhere";

interface Kill {
  readonly aim: Aim;
  /** Pages that the process publishes before it is aimed at. */
  readonly pages: number;
  /** From the moment that was waited for to the SIGKILL; of a transaction: in lives of the one before. */
  readonly delay: number;
  readonly pageSize: number;
}

/** Where to aim, how often (cumulated), and within what time after its beginning. */
const AIMS: readonly { readonly aim: Aim; readonly upTo: number; readonly withinMs: number }[] = [
  { aim: "starting", upTo: 0.15, withinMs: 800 },
  { aim: "fetching", upTo: 0.35, withinMs: 120 },
  { aim: "committing", upTo: 0.75, withinMs: 0 },
  { aim: "between", upTo: 0.85, withinMs: 3 },
  { aim: "anywhere", upTo: 1, withinMs: 400 },
];
const PAGE_SIZES = [500, 1_000, 2_000];

function schedule(kills: number, seed: number): Kill[] {
  const random = randomOf(seed);
  return Array.from({ length: kills }, () => {
    const drawn = random();
    const { aim, withinMs } = AIMS.find(({ upTo }) => drawn < upTo)!;
    return {
      aim,
      pages: aim === "starting" ? 0 : 1 + Math.floor(random() * 3),
      delay: aim === "committing" ? inTransaction(random) : random() * withinMs,
      pageSize: PAGE_SIZES[Math.floor(random() * PAGE_SIZES.length)]!,
    };
  });
}

/** Anywhere in a transaction, half of them around its end: what is committed when is what matters. */
function inTransaction(random: () => number): number {
  return random() < 0.5 ? random() : 0.6 + random() * 0.5;
}

/** mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The event with which it begins; null: no moment is waited for. */
const BEGINS: Readonly<Record<Aim, string | null>> = {
  starting: null,
  fetching: "page_published",
  committing: "request_answered",
  between: "transaction_ended",
  anywhere: null,
};

/** Pages with something new that this process has committed. */
const published = (log: JsonLog) => log.of("page_published").filter((line) => Number(line["published"]) > 0).length;

/** What the process was doing by its last words: an answer that no end of a transaction followed. */
function wasCommitting(log: JsonLog): boolean {
  const last = log.lines.findLast((line) => line.event === "request_answered" || line.event === "transaction_ended");
  return last?.event === "request_answered" && last["verdict"] === "page";
}

/** SIGKILL at the moment that was aimed at. @returns how many pages it had published. */
async function killAt({ log, process: victim }: LiveConnector, { aim, pages, delay: given }: Kill): Promise<number> {
  await victim.waitFor(() => (aim === "starting" ? log.lines.length > 0 : published(log) >= pages));
  const event = BEGINS[aim];
  if (event !== null) await log.next((line) => line.event === event);
  const lastMs = Number(log.of("transaction_ended").at(-1)?.["durationMs"] ?? 0);
  await delay(aim === "committing" ? given * lastMs : given);
  const exit = await victim.kill9();
  expect(exit, "the kill hit a running process").toEqual({ code: null, signal: "SIGKILL" });
  return published(log);
}

interface Tally {
  killed: number;
  withProgress: number;
  committing: number;
}

async function campaign(kills: readonly Kill[], options: LiveOptions): Promise<Tally> {
  const tally: Tally = { killed: 0, withProgress: 0, committing: 0 };
  for (const kill of kills) {
    await using connector = await startLive({ ...options, pageSize: kill.pageSize, logLevel: "debug" });
    const pages = await killAt(connector, kill);
    tally.killed += 1;
    if (pages > 0) tally.withProgress += 1;
    if (wasCommitting(connector.log)) tally.committing += 1;
  }
  return tally;
}

function sum(a: Tally, b: Tally): Tally {
  return {
    killed: a.killed + b.killed,
    withProgress: a.withProgress + b.withProgress,
    committing: a.committing + b.committing,
  };
}

/** To where new activities come in, by a connector that nobody kills. */
async function catchUp(options: LiveOptions): Promise<void> {
  await using connector = await startLive(options);
  await connector.ready();
  await untilCaughtUp(connector, { deadlineMs: 3 * MINUTE_MS });
}

/** All that is left, by a connector that nobody kills. */
async function finish(mock: MockProcess, options: LiveOptions): Promise<LiveConnector["log"]> {
  await mock.control({ rate: 0 });
  const allVisibleMs = Date.now() + LATE_MS;
  await using connector = await startLive(options);
  await connector.ready();
  await untilCaughtUp(connector, { sinceMs: allVisibleMs, deadlineMs: 3 * MINUTE_MS });
  return connector.log;
}

let broker: Broker;
let registry: Registry;
beforeAll(async () => {
  await ensureBuilt();
  [broker, registry] = await Promise.all([startBroker(), startRegistry()]);
  console.log(`KILL_SEED=${SEED}`);
});
afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  await broker?.[Symbol.asyncDispose]();
});

async function check(topic: string, mock: MockProcess): Promise<CheckReport> {
  const downstream = { bootstrap: broker.bootstrap, registry: registry.url };
  const { report } = await checkTopic({
    ...downstream,
    topics: [topic],
    dlq: `${topic}-dlq`,
    truth: `${mock.url}/_truth`,
  });
  return report;
}

/** What happens between kills: late ones, cut pages, pages in the wrong order, repeated records. */
const LIVELY = [
  ["--late-visible-share", "0.05", "--late-visible-max", `${LATE_MS / 1_000}s`],
  ["--fault-descending", "0.03", "--fault-duplicate", "0.05", "--fault-reset", "0.02", "--fault-truncate", "0.02"],
  ["--request-limit", "100000"],
].flat();

const FAULTLESS = {
  missing: 0,
  duplicate: 0,
  altered: 0,
  unknown: 0,
  mistimed: 0,
  undecodable: 0,
  beyondLastStable: 0,
};

test(
  `nothing is lost, repeated or altered by ${KILLS} kills at random moments`,
  async () => {
    await using mock = await startMock(["--backlog", "100000", "--rate", "200", ...LIVELY], { built: true });
    const options: LiveOptions = {
      tenantUrl: mock.url,
      bootstrap: broker.bootstrap,
      registry: registry.url,
      topic: "killed",
      requestsPerMinute: 3_000,
    };
    const kills = schedule(KILLS, SEED);
    const atBacklog = Math.ceil(KILLS * 0.6);
    const first = await campaign(kills.slice(0, atBacklog), options);
    await catchUp({ ...options, pageSize: 5_000 });
    const then = await campaign(kills.slice(atBacklog), options);
    const tally = sum(first, then);
    for (const kill of schedule(KILLS, SEED + 2).filter(({ aim }) => aim === "committing")) {
      if (tally.committing >= IN_TRANSACTION) break;
      Object.assign(tally, sum(tally, await campaign([kill], options)));
    }
    await finish(mock, { ...options, pageSize: 5_000 });
    const report = await check("killed", mock);
    const { byOutcome } = await mock.stats();
    const markers = await transactionMarkers(broker, "killed-cursors");
    console.log(JSON.stringify({ tally, markers, byOutcome, report }));

    expect(report).toMatchObject(FAULTLESS);
    expect(report.expected).toBeGreaterThanOrEqual(100_000);
    expect(report.published).toBe(report.expected);
    // Not vacuous: the kills hit what they were aimed at, as the brokers and the tenant saw it, too.
    expect(tally.killed).toBeGreaterThanOrEqual(KILLS);
    expect(tally.withProgress).toBeGreaterThanOrEqual(kills.filter((kill) => kill.aim !== "starting").length);
    expect(tally.committing).toBeGreaterThanOrEqual(IN_TRANSACTION);
    expect(markers.aborts).toBeGreaterThanOrEqual(1);
    expect(byOutcome["aborted"] ?? 0).toBeGreaterThanOrEqual(1);
  },
  (5 + KILLS / 4) * MINUTE_MS,
);

test(
  "kills and restarts never bring more requests than the tenant allows",
  async () => {
    const limit = ["--request-limit", "30", "--request-window", "10s"];
    await using mock = await startMock(["--backlog", "25000", "--rate", "20", ...limit], { built: true });
    const options: LiveOptions = {
      tenantUrl: mock.url,
      bootstrap: broker.bootstrap,
      registry: registry.url,
      topic: "paced",
      // One a 347 ms: what 30 in 10 s would be paced to.
      requestsPerMinute: 174,
    };
    const kills = schedule(5, SEED + 1).map((kill) => ({ ...kill, pageSize: 500 }));
    const tally = await campaign(kills, options);
    const log = await finish(mock, options);
    const report = await check("paced", mock);
    const { maxInWindow, requestLimit, requests, byStatus } = await mock.stats();
    console.log(JSON.stringify({ tally, maxInWindow, requests, byStatus, report }));

    expect(report).toMatchObject(FAULTLESS);
    expect(tally.killed).toBe(5);
    expect(maxInWindow).toBeLessThanOrEqual(requestLimit);
    expect(byStatus["429"] ?? 0).toBe(0);
    expect(log.troubles).toEqual([]);
    // Not vacuous: what held it back was its pace, on a machine that is not too slow for it.
    expect(maxInWindow).toBeGreaterThanOrEqual(requestLimit / 3);
  },
  4 * MINUTE_MS,
);
