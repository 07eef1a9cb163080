import { afterAll, beforeAll, expect, test } from "vitest";
import { configJsonSchema } from "../../../src/config/json-schema.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { maskedConfig } from "../../../src/config/mask.ts";
import { systemClock } from "../../../src/kit/clock.ts";
import { type HttpServer, openHttp } from "../../../src/observe/http.ts";
import { readPageFiles } from "../../../src/observe/page-files.ts";
import { openTelemetry, type Telemetry } from "../../../src/observe/telemetry.ts";
import { type RealBrowser, startBrowser, type WatchedPage } from "../../real/browser.ts";
import { ensureBuilt } from "../../real/built.ts";
import { eventually } from "../../real/process.ts";
import { fact, seriousViolations } from "./audit.ts";

const SCANS = 500;
const TENANTS = ["contoso", "fabrikam", "northwind", "tailspin", "wingtip"];
const tenants = TENANTS.map((name) => ({ name, requestsPerMinute: 30 }));
const tenantOf = (at: number) => TENANTS[at % TENANTS.length] ?? "";
const scans = Array.from({ length: SCANS }, (_, at) => {
  return { tenant: tenantOf(at), name: `${tenantOf(at)}-scan-${at}`, lookbacksMs: null };
});
const HOSTILE = '<img src="x" onerror="document.title = 1"> is refused';

/** Every option that may hold a secret holds one of its own. */
const SECRETS = ["s3cret-token", "s3cret-proxy", "s3cret-client", "s3cret-sasl", "s3cret-key", "s3cret-registry"];
const [token, proxy, clientSecret, sasl, key, registry] = SECRETS;
const pem = (name: string, body: string) => `-----BEGIN ${name}-----\n${body}\n-----END ${name}-----\n`;
const secretive = {
  tenants: {
    contoso: {
      apiUrl: "https://contoso.example.com",
      auth: { token },
      proxy: { url: "http://proxy.example.com", username: "u", password: proxy },
    },
    fabrikam: { apiUrl: "https://fabrikam.example.com", auth: { directoryId: "d", clientId: "c", clientSecret } },
  },
  scans: { "contoso-scan-5": { tenant: "contoso" }, "fabrikam-scan-1": { tenant: "fabrikam" } },
  kafka: {
    brokers: ["broker.example.com:9093"],
    sasl: { mechanism: "plain", username: "u", password: sasl },
    ssl: { cert: pem("CERTIFICATE", "cert"), key: pem("PRIVATE KEY", key ?? "") },
  },
  schemaRegistry: { url: "https://registry.example.com", auth: { username: "u", password: registry } },
};

let telemetry: Telemetry;
let http: HttpServer;
let browser: RealBrowser;
let watched: WatchedPage;

/** Scan by scan more behind, and of a few more. */
function tell(): void {
  const nowMs = Date.now();
  for (const [at, { tenant, name: scan }] of scans.entries()) {
    const stands = { positionMs: nowMs, settledUntilMs: nowMs, openGaps: 0, openMismatches: 0, residualRisk: null };
    const lists = { jobs: [], lateness: [], slices: [], gaps: [], mismatches: [] };
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
  const { config } = loadConfig({ file: "/config.yaml", sets: [], env: {} }, () => JSON.stringify(secretive));
  http = await openHttp(
    { host: "127.0.0.1", port: 0 },
    {
      metrics: () => telemetry.metrics(),
      status: () => ({ ...telemetry.status(), config: maskedConfig(config) }),
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

test("of 500 scans the one in trouble comes first, then who is behind; only one set of charts is drawn", async () => {
  await eventually(async () => (await rows().count()) === SCANS, 30_000, "the scans to be listed");
  expect([await named(0), await named(1)]).toEqual(["northwind-scan-42", "contoso-scan-480"]);
  expect(await watched.page.locator("#verdict").textContent()).toBe(
    "One of 500 scans needs attention: northwind-scan-42 (blocked)",
  );
  expect(await watched.page.locator("canvas").count()).toBe(4);
  expect(await watched.page.locator("#chosen-title").textContent()).toBe("All scans together");
  await watched.screenshot("fleet-light-1280");
});

test("they are found by name and by need, and sorted by any column", async () => {
  const find = watched.page.getByRole("searchbox");
  await find.fill("fabrikam 49");
  expect(await rows().locator("th").allTextContents()).toEqual(["fabrikam-scan-491", "fabrikam-scan-496"]);
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
  expect(await fact(watched.page, "Shows nothing since").count()).toBe(0);
  tell();
  const silent = { tenant: "contoso", scan: "contoso-scan-5", sinceMs: Date.now(), baselineMs: 1, reason: null };
  telemetry.emit({ type: "silence", ...silent, judged: { kind: "idle", atMs: Date.now(), found: 3 } });
  await eventually(
    async () => (await watched.page.locator("#retry").textContent()) !== before,
    20_000,
    "the next poll",
  );
  expect(await watched.page.evaluate("document.activeElement.textContent")).toBe("contoso-scan-5");
  await eventually(async () => (await fact(watched.page, "Proven idle").count()) === 1, 20_000, "the silence");
  expect(await fact(watched.page, "Shows nothing since").locator("time").count()).toBe(1);
  await watched.page.getByRole("link", { name: "Show all together" }).click();
  await watched.page.getByRole("heading", { name: "All scans together" }).waitFor();
});

test("what a peer says is text, whatever it looks like", async () => {
  expect(await watched.page.locator("#scans .reason").textContent()).toBe(HOSTILE);
  expect(await watched.page.locator("#errors tbody tr td").last().textContent()).toBe(HOSTILE);
  expect(await watched.page.locator("img[src=x]").count()).toBe(0);
});

test("no secret is in the page or in what it asks for, wherever one can be configured", async () => {
  const places = JSON.stringify(configJsonSchema()).match(/"writeOnly":true/g) ?? [];
  expect(places).toHaveLength(SECRETS.length);
  await watched.page.locator("#config-box summary").click();
  let shown = "";
  for (const scan of Object.keys(secretive.scans)) {
    await watched.page.evaluate(`location.hash = "#scan=${scan}"`);
    await watched.page.getByText(`Of scan ${scan}, its tenant and the connector`).waitFor();
    shown += await watched.page.content();
    shown += await (await fetch(`${http.url}/history?scan=${scan}`)).text();
  }
  for (const option of ["contoso.auth.token", "contoso.proxy.credentials.password", "fabrikam.auth.clientSecret"]) {
    expect(shown.includes(`tenants.${option}`), option).toBe(true);
  }
  shown += await (await fetch(`${http.url}/status`)).text();
  expect(shown.split("[secret from configuration]").length).toBeGreaterThan(2 * SECRETS.length);
  expect(SECRETS.filter((secret) => shown.includes(secret))).toEqual([]);
});

test("nothing serious is found, and nobody else is asked", async () => {
  expect(await seriousViolations(watched.page)).toEqual([]);
  expect([watched.complaints, watched.strangers]).toEqual([[], []]);
});
