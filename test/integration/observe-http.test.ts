import { request } from "node:http";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { type HttpRoutes, openHttp } from "../../src/observe/http.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };

const routes = (changes: Partial<HttpRoutes> = {}): HttpRoutes => ({
  metrics: async () => ({ contentType: "text/plain; version=0.0.4", text: "up 1\n" }),
  status: () => ({ version: "1" }),
  ready: () => ({ ready: true, reason: "ready" }),
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
  expect([missing.status, await missing.text()]).toEqual([404, "here are /metrics, /healthz, /readyz and /status\n"]);
  const posted = await fetch(`${server.url}/status`, { method: "POST", body: "x".repeat(100_000) });
  expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  const head = await fetch(`${server.url}/status`, { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
  expect(Number(head.headers.get("content-length"))).toBeGreaterThan(0);
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
