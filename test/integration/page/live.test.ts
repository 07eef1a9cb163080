import { afterAll, beforeAll, expect, test } from "vitest";
import { type RealBrowser, startBrowser, type WatchedPage } from "../../real/browser.ts";
import { type LiveConnector, startLive, untilCaughtUp } from "../../real/live-connector.ts";
import { eventually, startConnector } from "../../real/process.ts";
import { type Prometheus, scrapeConfig, startPrometheus } from "../../real/prometheus.ts";
import { type Downstream, type MockProcess, startDownstream, startMock } from "../../real/stack.ts";
import { figure, overhangPx, seriousViolations, tabStops } from "./audit.ts";
import { toldByDashboards, toldByPage, truthOf } from "./numbers.ts";

/** The page of a real connector: one story, told in the order of its tests. */
let downstream: Downstream;
let tenant: MockProcess;
let connector: LiveConnector;
let prometheus: Prometheus;
let startedMs: number;
let browser: RealBrowser;
let watched: WatchedPage;

beforeAll(async () => {
  [downstream, tenant, browser] = await Promise.all([
    startDownstream(),
    startMock(["--backlog", "3000", "--rate", "20", "--request-limit", "100000", "--latency", "3s"]),
    startBrowser(),
  ]);
  const { bootstrap, registry } = downstream;
  const where = { tenantUrl: tenant.url, bootstrap, registry, topic: "page" };
  startedMs = Date.now();
  connector = await startLive({ ...where, requestsPerMinute: 600 });
  prometheus = await startPrometheus({ config: scrapeConfig({ targets: [`127.0.0.1:${connector.port}`] }) });
  await connector.ready();
  // The tenant takes its time until it is scraped for the first time: increases count from there.
  const published = () => prometheus.query("sum(mdca_source_activities_published_total)");
  await eventually(async () => (await published())[0]?.points[0]?.[1] === 0, 20_000, "a scrape before the first page");
  await tenant.control({ latencyMs: 0 });
  watched = await browser.open(`http://127.0.0.1:${connector.port}/`, { locale: "en-GB", timezoneId: "Asia/Tokyo" });
});

afterAll(async () => {
  for (const part of [browser, prometheus, connector, tenant, downstream]) await part?.[Symbol.asyncDispose]();
});

const picture = (title: string) => watched.page.getByRole("img", { name: `${title}, ` });
const nowOf = async (title: string) => {
  const label = await picture(title).getAttribute("aria-label");
  return Number(/Now ([\d,.]+)/.exec(label ?? "")?.[1]?.replace(/\D/g, ""));
};
const drawn = async (title: string) => (await picture(title).locator("canvas").screenshot()).toString("base64");
const text = (selector: string) => watched.page.locator(selector).textContent();

test("the charts move as the connector publishes", async () => {
  await eventually(async () => (await nowOf("Published")) > 0, 60_000, "the throughput to be drawn");
  const before = { published: await drawn("Published"), requests: await drawn("Requests"), lag: await drawn("Lag") };
  const moved = async () =>
    (await drawn("Published")) !== before.published &&
    (await drawn("Requests")) !== before.requests &&
    (await drawn("Lag")) !== before.lag;
  await eventually(moved, 60_000, "the charts to move");
  expect(await nowOf("Requests")).toBeGreaterThan(0);
  expect(await picture("Throttled").getAttribute("aria-label")).toMatch(/Now 0\. So far: 0 to 0/);
});

test("everything is published, and the table says how much that is", async () => {
  await tenant.control({ rate: 0 });
  await untilCaughtUp(connector, { deadlineMs: 60_000 });
  const { published } = await truthOf(tenant);
  const row = watched.page.locator("#scans tbody tr").filter({ hasText: "contoso" });
  const told = async () => Number((await row.locator("td").nth(4).textContent())?.replace(/\D/g, ""));
  await eventually(async () => (await told()) === published, 20_000, `the page to say ${published}`);
});

test("times are the viewer's, and UTC for whoever points at them or asks for it", async () => {
  const started = watched.page.locator("#identity time");
  const utc = await started.getAttribute("datetime");
  expect(await started.getAttribute("title")).toBe(`${utc?.slice(0, 19).replace("T", " ")} UTC`);
  const shown = async () => /\d\d:\d\d:\d\d$/.exec((await started.textContent()) ?? "")?.[0];
  const hourOf = (time: string | undefined) => Number(time?.slice(0, 2));
  expect(hourOf(await shown())).toBe((hourOf(utc?.slice(11)) + 9) % 24);
  await watched.page.getByRole("button", { name: "Times in UTC" }).click();
  expect(await shown()).toBe(utc?.slice(11, 19));
  await watched.page.getByRole("button", { name: "Times in UTC" }).click();
});

test("a gap is seen on the strip, in words and in the table", async () => {
  const to = new Date(Date.now() - 1_000).toISOString();
  const args = ["--scan", "all", "--to-datetime", to, "--execute"];
  const reset = startConnector(["cursor", "reset", "-c", connector.configFile, ...args], { name: "page-reset" });
  expect(await reset.exited, reset.log()).toMatchObject({ code: 0 });
  await watched.page.locator("#slices li.gap").waitFor({ timeout: 30_000 });
  expect(await text("#slices li.gap .unseen")).toMatch(/1 open gap, .* published/);
  expect(await text("#gaps li")).toMatch(/^Open gap .* \(skipped\): an operator moved the cursor over it/);
  expect(await figure(watched.page, "Open gaps")).toBe(1);
  expect(await text("#verdict")).toBe("The scan needs attention: an open gap");
});

test("a tenant's failure is seen, with its reason and among the last errors", async () => {
  await tenant.control({ tokens: ["another"] });
  await watched.page.locator("#scans .tone.bad").waitFor({ timeout: 60_000 });
  expect(await text("#scans .tone.bad")).toBe("unauthorized");
  expect(await text("#scans .reason")).toMatch(/401/);
  expect(await text("#errors tbody tr")).toMatch(/scan allerror.*401/);
  for (const summary of await watched.page.locator("summary").all()) await summary.click();
  await watched.screenshot("live-failure-light-1280");
});

test("page, dashboards and the tenant's truth agree on what was published, repeats, gaps and the lag", async () => {
  // The tenant sends nothing any more: all that moves is the lag.
  const { caughtUpMs, ...truth } = await truthOf(tenant);
  expect([truth.published > 3_000, truth.duplicates > 500]).toEqual([true, true]);
  // The operator of the test above has made the only gap.
  const agreed = { ...truth, openGaps: 1 };
  await eventually(async () => (await toldByPage(watched.page)).published === truth.published, 20_000, "the page");
  const [page, dashboards] = [await toldByPage(watched.page), await toldByDashboards(prometheus, startedMs)];
  expect(page).toMatchObject(agreed);
  expect(dashboards).toMatchObject(agreed);
  expect(dashboards.caughtUpMs).toBe(page.caughtUpMs);
  // The tenant's clock is told to the second, when a pass begins.
  expect(Math.abs(page.caughtUpMs - caughtUpMs)).toBeLessThan(2_000);
  // Head, table and chart say the same lag, as old as the last question at most.
  const lag = /Now ([^.]+)\./.exec((await picture("Lag").getAttribute("aria-label")) ?? "")?.[1] ?? "";
  const row = watched.page.locator("#scans tbody tr td").nth(2);
  expect([await row.textContent(), await text("#figures > div:nth-child(3) .value")]).toEqual([lag, lag]);
});

test("the configuration is there, its secrets are not", async () => {
  const config = await text("#config");
  expect(config).toContain("tenants.contoso.auth.token[secret from ");
  expect(config).toContain("scans.all.pageSize500");
  expect(await watched.page.content()).not.toContain("mock-token");
});

test("the keyboard reaches everything, and one sees where it is", async () => {
  const stops = await tabStops(watched.page);
  expect(stops.filter(({ isSeen }) => !isSeen)).toEqual([]);
  expect(stops.map(({ name }) => name)).toEqual([
    ...["a Skip to the scans", "button zone", "input find", "input attention", "section scans-region"],
    ...["Scan", "Tenant", "State", "Lag", "Last minute", "Published", "Gaps"].map((title) => `button ${title}`),
    ...["a all", "summary The charts as a table", "section The charts as a table"],
    ...["summary The slices as a table", "section The slices as a table", "section Later looks"],
    ...["section errors-region", "summary Shards", "section Shards"],
    ...["summary Configuration, secrets by their origin only", "section Configuration"],
    ...["/status", "/history", "/metrics", "/healthz", "/readyz"].map((path) => `a ${path}`),
  ]);
  const header = watched.page.locator("#scans").getByRole("columnheader", { name: "Published" });
  await header.getByRole("button").focus();
  await watched.page.keyboard.press("Enter");
  expect(await header.getAttribute("aria-sort")).toBe("descending");
});

test.each([
  { scheme: "light", width: 1280 },
  { scheme: "dark", width: 1280 },
  { scheme: "light", width: 390 },
  { scheme: "dark", width: 390 },
] as const)("axe-core finds nothing serious: $scheme, $width px", async ({ scheme, width }) => {
  await watched.page.emulateMedia({ colorScheme: scheme });
  await watched.page.setViewportSize({ width, height: 900 });
  expect(await seriousViolations(watched.page)).toEqual([]);
  expect(await overhangPx(watched.page)).toBe(0);
  await watched.screenshot(`live-${scheme}-${width}`);
});

test("it asks nobody but the connector, and complains of nothing", () => {
  expect(watched.strangers).toEqual([]);
  // That the tenant refuses its token is told by /status, with 200: no request of the page has failed.
  expect(watched.complaints).toEqual([]);
});

test("when the connector is away the page says so, keeps what it knows, and is back by itself", async () => {
  await watched.page.context().setOffline(true);
  // A scan that is chosen is asked for at once.
  await watched.page.evaluate("location.hash = '#scan=all'");
  await watched.page.getByText(/The connector does not answer since \d\d:\d\d:\d\d/).waitFor({ timeout: 30_000 });
  expect(await text("#retry")).toMatch(/asked again in \d+ s/);
  expect(await text("#scans tbody tr")).toMatch(/unauthorized/);
  await watched.screenshot("live-away-dark-390");
  await watched.page.context().setOffline(false);
  await watched.page.getByText("Live", { exact: true }).waitFor({ timeout: 30_000 });
});
