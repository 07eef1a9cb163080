import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../../src/kit/clock.ts";
import { type HttpServer, openHttp } from "../../../src/observe/http.ts";
import { readPageFiles } from "../../../src/observe/page-files.ts";
import { openTelemetry, type Telemetry } from "../../../src/observe/telemetry.ts";
import { type RealBrowser, startBrowser, type WatchedPage } from "../../real/browser.ts";
import { ensureBuilt } from "../../real/built.ts";
import { eventually } from "../../real/process.ts";
import { seriousViolations } from "./audit.ts";

const SCANS = 500;
const TENANTS = ["contoso", "fabrikam", "northwind", "tailspin", "wingtip"];
const tenants = TENANTS.map((name) => ({ name, requestsPerMinute: 30 }));
const tenantOf = (at: number) => TENANTS[at % TENANTS.length] ?? "";
const scans = Array.from({ length: SCANS }, (_, at) => {
  return { tenant: tenantOf(at), name: `${tenantOf(at)}-scan-${at}`, lookbacksMs: null };
});
const HOSTILE = '<img src="x" onerror="document.title = 1"> is refused';

let telemetry: Telemetry;
let http: HttpServer;
let browser: RealBrowser;
let watched: WatchedPage;

/** Scan by scan more behind, and of a few more. */
function tell(): void {
  const nowMs = Date.now();
  for (const [at, { tenant, name: scan }] of scans.entries()) {
    const stands = { positionMs: nowMs, settledUntilMs: nowMs, openGaps: 0, residualRisk: null };
    const lists = { jobs: [], lateness: [], slices: [], gaps: [] };
    telemetry.emit({ type: "cursor_moved", tenant, scan, caughtUpMs: nowMs - at * 1_000, ...stands, ...lists });
  }
}

beforeAll(async () => {
  await ensureBuilt();
  const log = { level: "error", pretty: false, sink: { write: () => true } } as const;
  telemetry = openTelemetry({ version: "1", tenants, scans, shards: 1, log }, systemClock);
  telemetry.emit({ type: "shard_opened", shard: 0, tenants: TENANTS, durationMs: 1 });
  for (const { tenant, name: scan } of scans) {
    telemetry.emit({ type: "scan_state", tenant, scan, state: "idle", reason: null });
  }
  tell();
  const troubled = { tenant: "northwind", scan: "northwind-scan-42" };
  telemetry.emit({ type: "scan_state", ...troubled, state: "blocked", reason: HOSTILE });
  http = await openHttp(
    { host: "127.0.0.1", port: 0 },
    {
      metrics: () => telemetry.metrics(),
      status: () => ({ ...telemetry.status(), config: {} }),
      history: (scan) => telemetry.history(scan),
      ready: () => ({ ready: true, reason: "running" }),
      page: readPageFiles(),
    },
  );
  browser = await startBrowser();
  watched = await browser.open(http.url);
});

afterAll(async () => {
  for (const part of [browser, http, telemetry]) await part?.[Symbol.asyncDispose]();
});

const rows = () => watched.page.locator("#scans tbody tr");
const named = (at: number) => rows().nth(at).locator("th").textContent();

test("of 500 scans the one that is furthest behind comes first, and only one set of charts is drawn", async () => {
  await eventually(async () => (await rows().count()) === SCANS, 30_000, "the scans to be listed");
  expect([await named(0), await named(SCANS - 1)]).toEqual(["wingtip-scan-499", "contoso-scan-0"]);
  expect(await watched.page.locator("#verdict").textContent()).toBe("One of 500 scans needs attention");
  expect(await watched.page.locator("canvas").count()).toBe(4);
  expect(await watched.page.locator("#chosen-title").textContent()).toBe("All scans together");
  await watched.screenshot("fleet-light-1280");
});

test("they are found by name and by need, and sorted by any column", async () => {
  const find = watched.page.getByRole("searchbox");
  await find.fill("fabrikam 49");
  expect(await rows().locator("th").allTextContents()).toEqual(["fabrikam-scan-496", "fabrikam-scan-491"]);
  expect(await watched.page.locator("#shown").textContent()).toBe("2 of 500");
  await find.fill("");
  await watched.page.getByRole("checkbox").check();
  expect(await rows().locator("th").allTextContents()).toEqual(["northwind-scan-42"]);
  await watched.page.getByRole("checkbox").uncheck();
  await watched.page.getByRole("button", { name: "Scan", exact: true }).click();
  expect(await named(0)).toBe("contoso-scan-0");
});

test("a scan that is chosen is shown below and in the address, and keeps the focus while the page goes on", async () => {
  const link = watched.page.getByRole("link", { name: "contoso-scan-5", exact: true });
  await link.focus();
  await watched.page.keyboard.press("Enter");
  await watched.page.getByRole("heading", { name: "Scan contoso-scan-5" }).waitFor();
  expect(watched.page.url()).toBe(`${http.url}/#scan=contoso-scan-5`);
  expect(await link.getAttribute("aria-current")).toBe("true");
  const before = await watched.page.locator("#retry").textContent();
  tell();
  await eventually(
    async () => (await watched.page.locator("#retry").textContent()) !== before,
    20_000,
    "the next poll",
  );
  expect(await watched.page.evaluate("document.activeElement.textContent")).toBe("contoso-scan-5");
  await watched.page.getByRole("link", { name: "Show all together" }).click();
  await watched.page.getByRole("heading", { name: "All scans together" }).waitFor();
});

test("what a peer says is text, whatever it looks like", async () => {
  expect(await watched.page.locator("#scans .reason").textContent()).toBe(HOSTILE);
  expect(await watched.page.locator("#errors tbody tr td").last().textContent()).toBe(HOSTILE);
  expect(await watched.page.locator("img[src=x]").count()).toBe(0);
});

test("nothing serious is found, and nobody else is asked", async () => {
  expect(await seriousViolations(watched.page)).toEqual([]);
  expect([watched.complaints, watched.strangers]).toEqual([[], []]);
});
