import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { handClock, tenant } from "./fixture.ts";

const asked = { isScan: true };

describe("legacy tokens", () => {
  test("401 without, 401 with a wrong one, 403 where the permission is missing", async () => {
    await using mock = await tenant({ tokens: ["right"], forbiddenTokens: ["reader"] });
    const status = async (authorization: string) => (await mock.post(asked, { authorization })).status;
    expect(await status("")).toBe(401);
    expect(await status("Token wrong")).toBe(401);
    expect(await status("Bearer right")).toBe(401);
    expect(await status("Token reader")).toBe(403);
    expect(await status("Token right")).toBe(200);
  });

  test("a rotated token file counts from the next request on", async () => {
    const folder = mkdtempSync(join(tmpdir(), "mock-tenant-"));
    try {
      const tokenFile = join(folder, "tokens");
      writeFileSync(tokenFile, "old\n");
      await using mock = await tenant({ tokenFile });
      const status = async (token: string) => (await mock.post(asked, { authorization: `Token ${token}` })).status;
      expect([await status("old"), await status("new")]).toEqual([200, 401]);
      writeFileSync(tokenFile, "new\n");
      expect([await status("old"), await status("new")]).toEqual([401, 200]);
      rmSync(tokenFile);
      expect(await status("new")).toBe(401);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("the token endpoint", () => {
  const form = {
    grant_type: "client_credentials",
    client_id: "mock-client",
    client_secret: "mock-secret",
    scope: "05a65629-4c1b-48c1-a78b-804c4abdd4af/.default",
  };
  const ask = (url: string, change: object = {}, path = "/directory/oauth2/v2.0/token") =>
    fetch(`${url}${path}`, { method: "POST", body: new URLSearchParams({ ...form, ...change }) });

  test("issues a bearer token that is accepted until it expires", async () => {
    const clock = handClock();
    await using mock = await tenant({ bearerLifeMs: 3_599_000 }, { clock });
    const body = (await (await ask(mock.url)).json()) as { access_token: string };
    expect(body).toMatchObject({ token_type: "Bearer", expires_in: 3_599, ext_expires_in: 0 });
    const status = async () => (await mock.post(asked, { authorization: `Bearer ${body.access_token}` })).status;
    expect(await status()).toBe(200);
    clock.advance(3_599_000);
    expect(await status()).toBe(401);
  });

  test("withdrawn tokens are refused", async () => {
    await using mock = await tenant({});
    const { access_token } = (await (await ask(mock.url)).json()) as { access_token: string };
    await fetch(`${mock.url}/_control`, { method: "POST", body: JSON.stringify({ revokeBearers: true }) });
    expect((await mock.post(asked, { authorization: `Bearer ${access_token}` })).status).toBe(401);
  });

  test("refuses as Entra does, and counts for no limit", async () => {
    await using mock = await tenant({ directoryId: "directory", requestLimit: 1 });
    const refused = async (change: object, path?: string) => {
      const response = await ask(mock.url, change, path);
      return [response.status, ((await response.json()) as { error: string }).error];
    };
    expect(await refused({ client_secret: "no" })).toEqual([401, "invalid_client"]);
    expect(await refused({ client_id: "no" })).toEqual([400, "unauthorized_client"]);
    expect(await refused({ grant_type: "password" })).toEqual([400, "unsupported_grant_type"]);
    expect(await refused({}, "/other/oauth2/v2.0/token")).toEqual([400, "invalid_request"]);
    expect((await ask(mock.url, { resource: "x" }, "/directory/oauth2/token")).status).toBe(200);
    expect((await mock.post(asked)).status).toBe(200);
  });
});

describe("paths", () => {
  test("a missing trailing slash is redirected, and counts", async () => {
    await using mock = await tenant({});
    const response = await fetch(`${mock.url}/api/v1/activities`, { method: "POST", redirect: "manual", body: "{}" });
    expect([response.status, response.headers.get("location")]).toEqual([301, "/api/v1/activities/"]);
    expect(mock.stats().byOutcome).toEqual({ redirect: 1 });
  });

  test("other paths are not found, other methods not allowed", async () => {
    await using mock = await tenant({});
    const headers = { authorization: "Token mock-token" };
    expect((await fetch(`${mock.url}/api/v1/alerts/`, { headers })).status).toBe(404);
    expect((await fetch(`${mock.url}/elsewhere`)).status).toBe(404);
    expect((await fetch(`${mock.url}/api/v1/activities/`, { method: "PUT", headers, body: "{}" })).status).toBe(405);
  });
});

describe("the admin endpoints", () => {
  test("/_truth lists ids, hashes and times by line; filters and an earlier moment can be given", async () => {
    const clock = handClock();
    await using mock = await tenant({ backlog: 50, rate: 10 }, { clock });
    const start = clock.nowMs();
    clock.advance(5_000);
    const lines = async (query = "") => (await (await fetch(`${mock.url}/_truth${query}`)).text()).trim().split("\n");
    const rows = (await lines()).map((line) => JSON.parse(line) as object);
    expect(rows).toEqual(mock.truth());
    expect(rows).toHaveLength(100);
    expect(rows[0]).toEqual({
      id: expect.any(String),
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      created: expect.any(Number),
      timestamp: expect.any(Number),
    });
    expect(await lines(`?until=${start}`)).toHaveLength(50);
    const filters = encodeURIComponent(JSON.stringify({ service: { eq: [20893] } }));
    expect(await lines(`?filters=${filters}`)).toHaveLength(mock.truth({ service: { eq: [20893] } }).length);
    expect((await fetch(`${mock.url}/_truth?filters={"x":{"eq":1}}`)).status).toBe(400);
    expect(mock.stats().requests).toBe(0);
  });

  test("/_control takes all of a change or none, and names every problem", async () => {
    await using mock = await tenant({});
    const control = (body: unknown) => fetch(`${mock.url}/_control`, { method: "POST", body: JSON.stringify(body) });
    const wrong = await control({ rate: -1, nope: 1, port: 80, latencyMs: 5 });
    expect(wrong.status).toBe(400);
    const { error } = (await wrong.json()) as { error: string };
    expect(error).toMatch(/rate: found -1; allowed is a number.*nope: unknown.*port: fixed at the start/);
    expect(await (await fetch(`${mock.url}/_control`)).json()).toMatchObject({ latencyMs: 0, rate: 0 });
    expect(await (await control({ tokens: ["other"], add: 12 })).json()).toMatchObject({ tokens: ["other"] });
    expect(mock.truth()).toHaveLength(12);
    expect((await mock.post(asked)).status).toBe(401);
    await control({ resetStats: true });
    expect(mock.stats().requests).toBe(0);
  });
});

describe("compression", () => {
  test.each([["br"], ["gzip"], ["deflate"]])("%s, when accepted", async (encoding) => {
    await using mock = await tenant({ backlog: 20, compress: true });
    const response = await mock.post(asked, { "accept-encoding": encoding });
    expect(response.headers.get("content-encoding")).toBe(encoding);
    expect(((await response.json()) as { data: unknown[] }).data).toHaveLength(20);
  });

  test("none, when not accepted or not switched on", async () => {
    await using mock = await tenant({ compress: true });
    const plain = await mock.post(asked, { "accept-encoding": "identity" });
    expect(plain.headers.get("content-encoding")).toBeNull();
    mock.change({ compress: false });
    expect((await mock.post(asked)).headers.get("content-encoding")).toBeNull();
  });
});
