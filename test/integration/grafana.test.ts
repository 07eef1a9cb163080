import { afterAll, beforeAll, expect, test } from "vitest";
import { type LiveSite, startLiveSite } from "../grafana/live-site.ts";
import { renderedDashboards } from "../grafana/rendered.ts";
import { offered, type Question, questionsOf } from "../grafana/shown.ts";
import { ensureBuilt } from "../real/built.ts";
import { eventually, type Running } from "../real/process.ts";
import type { Series } from "../real/prometheus.ts";
import type { LiveStatus } from "../real/stack.ts";
import { run } from "./cli-setup.ts";

/** What does not have to happen in the run below; there is data of it all the same. */
const MAY_BE_ZERO = new Set([
  "MDCA source / Scan, Not published, B",
  "MDCA source / Kafka, Transactions not committed, A",
  "MDCA source / Kafka, Shards without an owner, A",
]);
const DEADLINE_MS = 30_000;

let site: LiveSite;
let fromSeconds: number;
beforeAll(async () => {
  await ensureBuilt();
  fromSeconds = Math.floor(Date.now() / 1_000);
  site = await startLiveSite();
});
afterAll(() => site?.[Symbol.asyncDispose]());

/** From the site's start on. */
const shown = () => ({ fromSeconds, untilSeconds: Math.floor(Date.now() / 1_000), stepSeconds: 1 });

async function questions(): Promise<Question[]> {
  const found: Question[] = [];
  for (const dashboard of renderedDashboards()) {
    const chosen = await offered(site.prometheus, dashboard);
    for (const [name, values] of chosen) expect(values, `${dashboard.title}, variable ${name}`).not.toEqual([]);
    found.push(...questionsOf(site.prometheus, dashboard, chosen));
  }
  return found;
}

/** What a panel shows of contoso's scan, or of everything, when it shows the time since then. */
async function numberOf(where: string, sinceSeconds = fromSeconds): Promise<number> {
  const question = (await questions()).find((each) => each.where === `MDCA source / ${where}`);
  const series = (await question?.ask({ ...shown(), fromSeconds: sinceSeconds })) ?? [];
  return (series.find(({ labels }) => labels["scan"] === "all") ?? series[0])?.points.at(-1)?.[1] ?? Number.NaN;
}

const visible = async (): Promise<number> =>
  (await (await fetch(`${site.contoso.url}/_truth`)).text()).trim().split("\n").length;

/** What has become of contoso's activities, once all that are visible are accounted for. */
const settled = () =>
  eventually(
    async () => {
      const counts = (await site.status("all"))?.counts;
      return counts !== undefined && counts.published + counts.deadLettered === (await visible()) ? counts : null;
    },
    DEADLINE_MS,
    "everything to be published",
  );

/** Polls until a series of the query is above 0; to its labels. */
const happened = (promql: string) =>
  eventually(
    async () => (await site.prometheus.query(promql)).find(({ points }) => (points[0]?.[1] ?? 0) > 0)?.labels,
    DEADLINE_MS,
    promql,
  );

const agreed = (what: string, check: () => Promise<void>) =>
  eventually(() => check().then(() => true), DEADLINE_MS, `${what} to agree`);

/** What a replica says of a scan that it had: what it has counted, and nothing that would be out of date. */
const GIVEN_AWAY = expect.objectContaining({
  ...{ state: "stopped", reason: null, lagSeconds: null, caughtUp: null, position: null, settledUntil: null },
  ...{ cursorField: null, openGaps: 0, jobs: [], lateness: [], residualRisk: null },
});

async function givenAwayBy(at: number): Promise<readonly object[]> {
  const status = (await (await fetch(`http://${site.instances[at]}/status`)).json()) as LiveStatus;
  return status.scans.filter(({ state, counts }) => state === "stopped" && counts.published > 0);
}

const replicas: Running[] = [];

test("the dashboards, /status and what the tenant has agree", async () => {
  replicas[0] = await site.startReplica(0);
  await happened('sum(mdca_source_pages_total{tenant="contoso"})');
  replicas[1] = await site.startReplica(1);
  await happened("count(sum by (instance) (mdca_source_shard_owned) > 0) > 1");
  await agreed("who has given a scan away", async () => expect(await givenAwayBy(0)).toEqual([GIVEN_AWAY]));
  await site.contoso.control({ rate: 0 });
  const before = await settled();
  const quietSeconds = shown().untilSeconds;
  await agreed("the gauges", async () => {
    expect(await numberOf("Kafka, Shards owned, A")).toBe(2);
    expect(await numberOf("Kafka, Shards without an owner, A")).toBe(0);
    expect(await numberOf("Runtime, Processes up, A")).toBe(2);
    const lagSeconds = (await site.status("all"))?.lagSeconds ?? Number.NaN;
    expect(Math.abs((await numberOf("Scan, Lag, A")) - lagSeconds)).toBeLessThan(3);
  });

  await site.contoso.control({ rate: 300 });
  const grown = (await visible()) + 1_000;
  await eventually(async () => (await visible()) > grown, DEADLINE_MS, "the tenant to have more");
  await site.contoso.control({ rate: 0 });
  const deadLetters = (await settled()).deadLettered - before.deadLettered;
  expect(deadLetters).toBeGreaterThan(5);
  // Prometheus estimates an increase from the samples that lie in its range.
  await agreed("the dead letters", async () =>
    expect((await numberOf("Kafka, Dead letters, A", quietSeconds)) / deadLetters).toBeCloseTo(1, 1),
  );
  const told = await Promise.all(site.instances.map(deadLettersTold));
  expect(Math.max(...told)).toBe((await settled()).deadLettered);
}, 120_000);

/** By the command `status`. */
async function deadLettersTold(instance: string): Promise<number> {
  const { code, out } = await run(["status", "--url", `http://${instance}`], { built: true });
  expect(code, out).toBe(0);
  const [names, values] = out.split("\n").filter((line) => /^(SCAN|all) /.test(line));
  const column = names?.split(/ {2,}/).indexOf("DEAD LETTERS") ?? -1;
  return Number(values?.split(/ {2,}/)[column]);
}

test("every query of every panel, variable and mark gives data, and what should move does", async () => {
  const { contoso } = site;
  await contoso.control({ rate: 40, lateVisibleShare: 0.2, lateVisibleMaxMs: 9_000 });
  await contoso.control({ requestLimit: 0, requestWindowMs: 1_000 });
  const ofContoso = (metric: string) => `sum(rate(mdca_source_${metric}{tenant="contoso"}[5s]))`;
  await happened(`${ofContoso("throttled_requests_total")} / ${ofContoso("requests_total")} > 0.3`);
  await contoso.control({ requestLimit: null, faults: { "empty-last": 1 } });
  await happened("mdca_source_open_gaps");
  await contoso.control({ faults: {}, faultsNext: ["503"] });
  await happened('mdca_source_requests_total{tenant="contoso", code="5xx"}');
  await contoso.control({ tokens: ["another"] });
  const { instance = "" } = await happened('mdca_source_scan_state{tenant="contoso", state="unauthorized"}');
  await contoso.control({ tokens: ["mock-token"] });
  await restart(site.instances.indexOf(instance));

  await agreed("all queries", async () => expect(await missingNow()).toEqual([]));
}, 180_000);

async function restart(at: number): Promise<void> {
  await replicas[at]?.kill9();
  await site.startReplica(at);
}

/** Where there is no data, or nothing but 0. */
async function missingNow(): Promise<string[]> {
  const range = shown();
  const missing: string[] = [];
  for (const { where, ask, askOver } of await questions()) {
    if (valuesOf(await ask(range)).length === 0) missing.push(`${where}: no data`);
    else if (!MAY_BE_ZERO.has(where) && valuesOf(await askOver(range)).every((value) => value === 0)) {
      missing.push(`${where}: only 0`);
    }
  }
  return missing;
}

const valuesOf = (series: readonly Series[]): number[] =>
  series.flatMap(({ points }) => points.map(([, value]) => value)).filter(Number.isFinite);
