import { request } from "node:http";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { type HttpRoutes, openHttp } from "../../src/observe/http.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };

const routes = (changes: Partial<HttpRoutes> = {}): HttpRoutes => ({
  metrics: async () => ({ contentType: "text/plain; version=0.0.4", text: "up 1\n" }),
  status: () => ({ version: "1" }),
  history: () => undefined,
  ready: () => ({ ready: true, reason: "ready" }),
  page: new Map(),
  ...changes,
});

test("the four endpoints answer, without being cached", async () => {
  await using server = await openHttp(LOOPBACK, routes());
  const metrics = await fetch(`${server.url}/metrics?x=1`);
  expect([metrics.status, await metrics.text()]).toEqual([200, "up 1\n"]);
  expect(metrics.headers.get("content-type")).toBe("text/plain; version=0.0.4");
  expect(metrics.headers.get("cache-control")).toBe("no-store");
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  expect(await (await fetch(`${server.url}/status`)).json()).toEqual({ version: "1" });
});

test("not ready is 503 with its reason, while the process is healthy", async () => {
  await using server = await openHttp(LOOPBACK, routes({ ready: () => ({ ready: false, reason: "no broker" }) }));
  const ready = await fetch(`${server.url}/readyz`);
  expect([ready.status, await ready.text()]).toEqual([503, "no broker\n"]);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
});

test("only what is there is found, and only reading is allowed", async () => {
  await using server = await openHttp(LOOPBACK, routes());
  const missing = await fetch(`${server.url}/metric`);
  expect([missing.status, await missing.text()]).toEqual([
    404,
    "here are /, /metrics, /healthz, /readyz, /status and /history\n",
  ]);
  const posted = await fetch(`${server.url}/status`, { method: "POST", body: "x".repeat(100_000) });
  expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  const head = await fetch(`${server.url}/status`, { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
  expect(Number(head.headers.get("content-length"))).toBeGreaterThan(0);
});

const PAGE = new Map([["/page/a.js", { contentType: "text/javascript", body: Buffer.from("a();"), etag: '"tag"' }]]);

test("a file of the page is asked for again by its tag alone", async () => {
  await using server = await openHttp(LOOPBACK, routes({ page: PAGE }));
  const first = await fetch(`${server.url}/page/a.js`);
  expect([first.status, await first.text(), first.headers.get("etag")]).toEqual([200, "a();", '"tag"']);
  expect([first.headers.get("cache-control"), first.headers.get("content-type")]).toEqual([
    "no-cache",
    "text/javascript",
  ]);
  const again = await fetch(`${server.url}/page/a.js`, { headers: { "if-none-match": '"tag"' } });
  expect([again.status, await again.text()]).toEqual([304, ""]);
  expect((await fetch(`${server.url}/page/a.js`, { headers: { "if-none-match": '"old"' } })).status).toBe(200);
  expect((await fetch(`${server.url}/page/b.js`)).status).toBe(404);
  expect((await fetch(`${server.url}/page/../../package.json`)).status).toBe(404);
});

test("whatever is answered may run nothing of others, be framed by nobody, and is read as what it says it is", async () => {
  await using server = await openHttp(LOOPBACK, routes({ page: PAGE }));
  for (const path of ["/page/a.js", "/status", "/nothing"]) {
    const { headers } = await fetch(`${server.url}${path}`);
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy.split("; ")).toEqual(
      expect.arrayContaining(["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"]),
    );
    expect(policy).not.toMatch(/unsafe|\*|data:|https?:/);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  }
});

test("everything is read by GET and HEAD only", async () => {
  await using server = await openHttp(LOOPBACK, routes({ page: PAGE }));
  for (const path of ["/", "/page/a.js", "/status", "/history", "/metrics", "/healthz", "/readyz"]) {
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      expect((await fetch(`${server.url}${path}`, { method })).status, `${method} ${path}`).toBe(405);
    }
  }
});

test("history is of all scans, or of the one that is named", async () => {
  const history = (scan: string | null) => (scan === "gone" ? undefined : { scan });
  await using server = await openHttp(LOOPBACK, routes({ history }));
  const ask = async (query: string) => await fetch(`${server.url}/history${query}`);
  expect(await (await ask("")).json()).toEqual({ scan: null });
  expect(await (await ask("?scan=a%20b")).json()).toEqual({ scan: "a b" });
  const gone = await ask("?scan=gone");
  expect([gone.status, await gone.text()]).toEqual([404, "there is no scan of that name\n"]);
});

test("a route that throws is a 500 and the server goes on", async () => {
  let broken = true;
  const status = () => {
    if (broken) throw new Error("no status");
    return {};
  };
  await using server = await openHttp(LOOPBACK, routes({ status }));
  const failed = await fetch(`${server.url}/status`);
  expect([failed.status, await failed.text()]).toEqual([500, "no status\n"]);
  broken = false;
  expect((await fetch(`${server.url}/status`)).status).toBe(200);
});

test("garbage on the wire does not end it", async () => {
  await using server = await openHttp(LOOPBACK, routes());
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.write("\u0000\u0001garbage\r\n\r\n");
  await new Promise((resolve) =>
    socket
      .on("close", resolve)
      .on("error", () => undefined)
      .resume(),
  );
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
});

test("closing does not wait for idle or unfinished connections", async () => {
  const server = await openHttp(LOOPBACK, routes({ metrics: () => new Promise(() => undefined) }));
  const { hostname, port } = new URL(server.url);
  const idle = connect(Number(port), hostname);
  await new Promise((resolve) => idle.on("connect", resolve));
  const ended = new Promise((resolve) => request({ hostname, port, path: "/metrics" }).on("error", resolve).end());
  const startedMs = performance.now();
  await server[Symbol.asyncDispose]();
  expect(performance.now() - startedMs).toBeLessThan(2_000);
  await ended;
  idle.destroy();
});

test("a port that is taken is named by its option", async () => {
  await using first = await openHttp(LOOPBACK, routes());
  const port = Number(new URL(first.url).port);
  await expect(openHttp({ host: "127.0.0.1", port }, routes())).rejects.toMatchObject({
    code: "config_invalid",
    message: `cannot listen on 127.0.0.1:${port}; choose other http.host and http.port`,
    cause: { code: "EADDRINUSE" },
  });
});
