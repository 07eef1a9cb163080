import { expect, test } from "vitest";
import type { Clock } from "../../../src/kit/clock.ts";
import { Secret } from "../../../src/kit/secret.ts";
import { legacyToken } from "../../../src/tenant/credentials.ts";
import { EntraCredentials, type EntraOptions, type PostForm } from "../../../src/tenant/entra.ts";

const never = new AbortController().signal;
const EPOCH = 1_800_000_000_000;

/** A token endpoint and a clock, both moved by hand. */
class World {
  nowMs = 0;
  asked: { url: string; form: URLSearchParams }[] = [];
  secret = "the-client-secret";
  answer: () => Promise<{ status: number; text: string }> = () => this.#token();
  readonly clock: Clock = {
    nowMs: () => EPOCH + this.nowMs,
    monotonicMs: () => this.nowMs,
    sleep: () => Promise.reject(new Error("nobody sleeps here")),
  };
  readonly post: PostForm = (url, form) => {
    this.asked.push({ url: url.href, form: new URLSearchParams(form) });
    return this.answer();
  };

  credentials(changes: Partial<EntraOptions> = {}): EntraCredentials {
    const clientSecret = new Secret("the test", () => this.secret);
    const options = { directoryId: "dir", clientId: "app", clientSecret, cloud: "commercial", tokenUrl: null } as const;
    return new EntraCredentials({ ...options, ...changes }, this.post, this.clock);
  }

  life = 3599;
  async #token(): Promise<{ status: number; text: string }> {
    const text = JSON.stringify({
      token_type: "Bearer",
      expires_in: this.life,
      access_token: `token-${this.asked.length}`,
    });
    return { status: 200, text };
  }
}

const refusal = (status: number, json: object) => () => Promise.resolve({ status, text: JSON.stringify(json) });

test.each([
  ["commercial", "https://login.microsoftonline.com/dir/oauth2/v2.0/token"],
  ["gcc", "https://login.microsoftonline.com/dir/oauth2/v2.0/token"],
  ["gcc-high", "https://login.microsoftonline.us/dir/oauth2/v2.0/token"],
] as const)("the token endpoint of %s is asked as documented", async (cloud, url) => {
  const world = new World();
  expect(await world.credentials({ cloud }).authorization(never)).toBe("Bearer token-1");
  expect(world.asked[0]?.url).toBe(url);
  expect(Object.fromEntries(world.asked[0]?.form ?? [])).toEqual({
    grant_type: "client_credentials",
    client_id: "app",
    client_secret: "the-client-secret",
    scope: "05a65629-4c1b-48c1-a78b-804c4abdd4af/.default",
  });
});

test("a token endpoint of one's own must be https or on this machine", () => {
  const world = new World();
  world.credentials({ tokenUrl: "http://127.0.0.1:1/token" });
  expect(() => world.credentials({ tokenUrl: "http://login.contoso.com" })).toThrow(/auth\.tokenUrl must use https/);
});

test("a token is used until five minutes before its end, then renewed", async () => {
  const world = new World();
  const credentials = world.credentials();
  expect(credentials.expiresAtMs).toBeNull();
  await credentials.authorization(never);
  expect(credentials.expiresAtMs).toBe(EPOCH + 3_599_000);
  world.nowMs = 3_299_000 - 1;
  expect(await credentials.authorization(never)).toBe("Bearer token-1");
  world.nowMs = 3_299_000;
  world.secret = "the-rotated-secret";
  expect(await credentials.authorization(never)).toBe("Bearer token-2");
  expect(world.asked[1]?.form.get("client_secret")).toBe("the-rotated-secret");
  expect(credentials.expiresAtMs).toBe(EPOCH + 3_299_000 + 3_599_000);
});

test("a short-lived token is renewed a tenth of its life ahead", async () => {
  const world = new World();
  world.life = 10;
  const credentials = world.credentials();
  await credentials.authorization(never);
  world.nowMs = 8_999;
  expect(await credentials.authorization(never)).toBe("Bearer token-1");
  world.nowMs = 9_000;
  expect(await credentials.authorization(never)).toBe("Bearer token-2");
});

test("all who wait share one renewal, and one who leaves does not end it", async () => {
  const world = new World();
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const answer = world.answer;
  world.answer = () => gate.then(answer);
  const credentials = world.credentials();
  const leaving = new AbortController();
  const left = credentials.authorization(leaving.signal);
  const stayed = [credentials.authorization(never), credentials.authorization(never)];
  leaving.abort(new Error("gone"));
  await expect(left).rejects.toThrow("gone");
  release();
  expect(await Promise.all(stayed)).toEqual(["Bearer token-1", "Bearer token-1"]);
  expect(world.asked).toHaveLength(1);
});

test("a refused token is replaced once, and not again within a minute", async () => {
  const world = new World();
  const credentials = world.credentials();
  const first = await credentials.authorization(never);
  credentials.refused(first);
  const second = await credentials.authorization(never);
  expect(second).toBe("Bearer token-2");
  // A late answer to the first token says nothing about the second.
  credentials.refused(first);
  credentials.refused(second);
  expect(await credentials.authorization(never)).toBe(second);
  world.nowMs = 60_000;
  credentials.refused(second);
  expect(await credentials.authorization(never)).toBe("Bearer token-3");
});

test("while a renewal fails the present token serves until it ends", async () => {
  const world = new World();
  const credentials = world.credentials();
  await credentials.authorization(never);
  world.answer = () => Promise.reject(new Error("connection refused"));
  world.nowMs = 3_299_000;
  expect(await credentials.authorization(never)).toBe("Bearer token-1");
  expect(await credentials.authorization(never)).toBe("Bearer token-1");
  expect(world.asked).toHaveLength(2);
  world.nowMs += 30_000;
  await credentials.authorization(never);
  expect(world.asked).toHaveLength(3);
  world.nowMs = 3_599_000;
  await expect(credentials.authorization(never)).rejects.toMatchObject({
    code: "api_unavailable",
    disposition: "retry",
    message: "no token from login.microsoftonline.com: connection refused",
  });
});

test.each([
  [
    401,
    {
      error: "invalid_client",
      error_description: "AADSTS7000215: Invalid client secret the-client-secret provided. Trace ID: x",
    },
    /401 invalid_client AADSTS7000215\); auth\.clientSecret is wrong/,
  ],
  [401, { error: "invalid_client", error_codes: [7000222] }, /AADSTS7000222.*has expired/],
  [
    400,
    { error: "unauthorized_client", error_description: "AADSTS700016: Application not found" },
    /AADSTS700016.*auth\.clientId/,
  ],
  [
    400,
    { error: "invalid_request", error_description: "AADSTS90002: Tenant not found." },
    /AADSTS90002.*no such directory/,
  ],
  [400, { error: "invalid_tenant" }, /invalid_tenant\); check auth\.directoryId/],
  [
    400,
    { error: "odd", error_description: "AADSTS123456: Something new with the-client-secret.\r\nTrace ID: 1" },
    /AADSTS123456 AADSTS123456: Something new with \[redacted\]\.\)/,
  ],
  [404, {}, /\(404\); check auth\.directoryId/],
] as const)(
  "a refusal with %s %j names Microsoft's code and the remedy, never the secret",
  async (status, json, message) => {
    const world = new World();
    world.answer = refusal(status, json);
    const error = await world
      .credentials()
      .authorization(never)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "credentials_refused",
      disposition: "fatal",
      message: expect.stringMatching(message),
    });
    expect(String(error)).not.toContain("the-client-secret");
  },
);

test.each([
  [500, "oops"],
  [503, "{}"],
  [429, "{}"],
  [200, "<html>"],
  [200, "null"],
  [200, '{"access_token":"x"}'],
  [200, '{"access_token":"a b","expires_in":9}'],
  [302, ""],
])("an endpoint that answers %s %s is unavailable", async (status, text) => {
  const world = new World();
  world.answer = () => Promise.resolve({ status, text });
  await expect(world.credentials().authorization(never)).rejects.toMatchObject({
    code: "api_unavailable",
    disposition: "retry",
  });
});

test("an aborted signal asks for nothing", async () => {
  const world = new World();
  await expect(world.credentials().authorization(AbortSignal.abort(new Error("stop")))).rejects.toThrow("stop");
  expect(world.asked).toEqual([]);
});

test("a legacy token is read again each time, and must be able to stand in a header", async () => {
  let value = "abc=\n";
  const credentials = legacyToken(new Secret("file /run/token", () => value));
  expect(await credentials.authorization(never)).toBe("Token abc=");
  value = "other";
  expect(await credentials.authorization(never)).toBe("Token other");
  value = "{\n rtf }";
  await expect(credentials.authorization(never)).rejects.toThrow(/token from file \/run\/token has characters/);
  expect(credentials.expiresAtMs).toBeNull();
});
