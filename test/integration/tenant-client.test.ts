import type { ServerResponse } from "node:http";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { TenantConfig } from "../../src/config/config.ts";
import { Secret } from "../../src/kit/secret.ts";
import type { Answer } from "../../src/tenant/answer.ts";
import { clientOf, pageOf, REQUEST, type Seen, TestServer, TOKEN, tenantAt } from "./tenant-server.ts";

const never = new AbortController().signal;
const page = pageOf(40);

type Limits = Parameters<typeof clientOf>[1];

/** One request to a server that answers so; what came of it. */
async function ask(
  respond: (response: ServerResponse, seen: Seen) => void,
  changes: { limits?: Limits; tenant?: Partial<TenantConfig> } = {},
): Promise<{ answer: Answer; taken: string[]; seen: Seen[] }> {
  await using server = await TestServer.open(respond);
  await using client = clientOf(tenantAt(server.url, changes.tenant), changes.limits);
  const taken: string[] = [];
  const answer = await client.fetchPage(REQUEST, (bytes) => taken.push(bytes.toString()) > 0, never);
  return { answer, taken, seen: server.seen };
}

const sendPage = (response: ServerResponse) => response.setHeader("content-type", "application/json").end(page.text);

test("a page is asked for as the API documents it and handed on exactly", async () => {
  const { answer, taken, seen } = await ask(sendPage);
  expect(seen).toHaveLength(1);
  expect(seen[0]).toMatchObject({
    method: "POST",
    path: "/api/v1/activities/",
    body: `{"filters":${REQUEST.filters},"isScan":true,"sortField":"created","sortDirection":"asc","limit":500}`,
    headers: {
      authorization: `Token ${TOKEN}`,
      "content-type": "application/json",
      "user-agent": "mdca-kafka-source/0.0.0",
      "accept-encoding": "gzip, deflate, br",
    },
  });
  expect(taken).toEqual(page.elements);
  const envelope = { hasNext: false, nextFilters: null, total: 40, leads: true };
  expect(answer.verdict).toEqual({ kind: "page", ...envelope, activities: 40 });
  expect(answer).toMatchObject({ status: 200, bodyBytes: Buffer.byteLength(page.text) });
  expect(Math.abs((answer.serverNowMs ?? 0) - answer.readAtMs)).toBeLessThan(2000);
  expect(answer.durationMs).toBeGreaterThan(0);
});

test("a request that may not leave any more once it is connected is not written, and the next one is", async () => {
  await using server = await TestServer.open(sendPage);
  let mayAsk = true;
  let asked = 0;
  await using client = clientOf(tenantAt(server.url), {
    mayAsk: () => {
      asked += 1;
      return mayAsk;
    },
  });
  // The first byte goes out only once the connection is there: what is known by then decides.
  const first = client.fetchPage(REQUEST, () => true, never);
  mayAsk = false;
  expect((await first).verdict).toMatchObject({ kind: "retry", reason: expect.stringContaining("not sent") });
  expect(server.seen).toEqual([]);
  mayAsk = true;
  expect((await client.fetchPage(REQUEST, () => true, never)).verdict.kind).toBe("page");
  expect([server.seen.length, asked]).toEqual([1, 2]);
});

test.each([
  ["gzip", gzipSync],
  ["br", brotliCompressSync],
  ["deflate", deflateSync],
  ["deflate", deflateRawSync],
  ["identity", (text: string) => Buffer.from(text)],
  ["gzip, br", (text: string) => brotliCompressSync(gzipSync(text))],
] as const)("a body compressed as %s is read", async (encoding, compress) => {
  const { answer, taken } = await ask((response) => {
    response.setHeader("content-encoding", encoding).end(compress(page.text));
  });
  expect(answer.verdict.kind).toBe("page");
  expect(taken).toEqual(page.elements);
  expect(answer.bodyBytes).toBe(Buffer.byteLength(page.text));
});

test("a compression that was not asked for is an error that names it", async () => {
  const { answer } = await ask((response) => response.setHeader("content-encoding", "zstd").end("x"));
  expect(answer.verdict).toEqual({ kind: "contract", reason: "200: with the unknown Content-Encoding zstd" });
});

test("a compressed body that is cut off or damaged may come whole next time", async () => {
  const gzipped = gzipSync(page.text);
  // The last bytes are a checksum: all activities have been cut out when it turns out wrong.
  const damaged = Buffer.from(gzipped).fill(0, gzipped.length - 8);
  for (const body of [gzipped.subarray(0, gzipped.length >> 1), damaged]) {
    const { answer } = await ask((response) => response.setHeader("content-encoding", "gzip").end(body));
    expect(answer.verdict.kind).toBe("retry");
  }
});

test("a body that dribbles in single bytes is one page", async () => {
  const small = pageOf(3, 100);
  const { answer, taken } = await ask((response) => {
    response.socket?.setNoDelay(true);
    const bytes = Buffer.from(small.text);
    let at = 0;
    const next = (): void => {
      if (at === bytes.length) return void response.end();
      response.write(bytes.subarray(at, ++at));
      setImmediate(next);
    };
    next();
  });
  expect(answer.verdict.kind).toBe("page");
  expect(taken).toEqual(small.elements);
});

test.each([
  ["reset before the headers", (response: ServerResponse) => response.socket?.resetAndDestroy()],
  ["closed before the headers", (response: ServerResponse) => response.socket?.end()],
  [
    "reset in the middle of the body",
    (response: ServerResponse) => {
      response.write(page.text.slice(0, 50_000), () => response.socket?.resetAndDestroy());
    },
  ],
  [
    "closed in the middle of the body",
    (response: ServerResponse) => {
      response.setHeader("content-length", page.text.length * 2);
      response.write(page.text.slice(0, 50_000), () => response.socket?.end());
    },
  ],
  [
    "ended in the middle without a word",
    (response: ServerResponse) => {
      response.socket?.end(`HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${page.text.slice(0, 50_000)}`);
    },
  ],
])("a connection %s may do better next time", async (_what, respond) => {
  const { answer } = await ask(respond);
  expect(answer.verdict.kind).toBe("retry");
});

test("a server that says nothing is given up after the headers' time", async () => {
  const { answer } = await ask(() => {}, { tenant: { timeouts: { connectMs: 300, headersMs: 500, bodyMs: 5_000 } } });
  expect(answer).toMatchObject({ status: null, verdict: { kind: "retry" } });
  expect(answer.durationMs).toBeLessThan(5_000);
});

test("a body that falls silent is given up", async () => {
  const { answer } = await ask((response) => void response.write('{"data":['), {
    tenant: { timeouts: { connectMs: 5_000, headersMs: 5_000, bodyMs: 500 } },
  });
  expect(answer).toMatchObject({ status: 200, verdict: { kind: "retry" } });
});

test("a body that never ends is given up when its whole time is over", async () => {
  let drip: NodeJS.Timeout | undefined;
  const { answer } = await ask(
    (response) => {
      response.write('{"data":[1');
      drip = setInterval(() => response.write(",1"), 20);
    },
    { limits: { totalMs: 400 } },
  );
  clearInterval(drip);
  expect(answer.verdict).toEqual({
    kind: "retry",
    reason: "200 whose body broke off: the response was not complete within 400 ms",
  });
});

test("nobody listening is no response", async () => {
  const server = await TestServer.open(sendPage);
  const { url } = server;
  await server[Symbol.asyncDispose]();
  await using client = clientOf(tenantAt(url));
  const answer = await client.fetchPage(REQUEST, () => true, never);
  expect(answer).toMatchObject({ status: null, serverNowMs: null, bodyBytes: 0, verdict: { kind: "retry" } });
  expect(answer.verdict).toMatchObject({ reason: expect.stringContaining("ECONNREFUSED") });
});

test("a body over the limit is too large, counted after decompression", async () => {
  const bomb = gzipSync(`{"data":[${"0,".repeat(5_000_000)}0]}`);
  expect(bomb.length).toBeLessThan(50_000);
  const { answer } = await ask((response) => response.setHeader("content-encoding", "gzip").end(bomb), {
    limits: { bodyMaxBytes: 1_000_000 },
  });
  expect(answer.verdict).toEqual({ kind: "too_large", reason: "the response is larger than 1000000 bytes" });
  expect(answer.bodyBytes).toBeLessThan(1_200_000);
});

test("a taker that wants no more ends the reading", async () => {
  await using server = await TestServer.open(sendPage);
  await using client = clientOf(tenantAt(server.url));
  let taken = 0;
  const answer = await client.fetchPage(REQUEST, () => ++taken < 5, never);
  expect(answer.verdict.kind).toBe("too_large");
  expect(taken).toBe(5);
  // The client is as good as new.
  expect((await client.fetchPage(REQUEST, () => true, never)).verdict.kind).toBe("page");
});

test("a bug in the taker is not taken for a broken connection", async () => {
  await using server = await TestServer.open(sendPage);
  await using client = clientOf(tenantAt(server.url));
  const bug = new Error("a bug");
  const taker = () => {
    throw bug;
  };
  await expect(client.fetchPage(REQUEST, taker, never)).rejects.toBe(bug);
});

test("redirects are not followed", async () => {
  await using other = await TestServer.open(sendPage);
  const { answer } = await ask((response) => response.writeHead(302, { location: `${other.url}/x?code=secret` }).end());
  expect(other.seen).toEqual([]);
  expect(answer.verdict).toMatchObject({
    kind: "contract",
    reason: expect.stringContaining(`127.0.0.1:${other.port};`),
  });
  expect(JSON.stringify(answer)).not.toContain("code=secret");
});

test("a token that the server repeats is not shown", async () => {
  const { answer } = await ask((response, seen) => {
    response.writeHead(401).end(JSON.stringify({ detail: `bad ${seen.headers.authorization} indeed` }));
  });
  expect(answer.verdict.kind).toBe("unauthorized");
  expect(JSON.stringify(answer)).toContain("indeed");
  expect(JSON.stringify(answer)).not.toContain(TOKEN);
});

test("a rotated token is used from the next request on, over the same connection", async () => {
  await using server = await TestServer.open(sendPage);
  let token = "first-token";
  const auth = { kind: "token", token: new Secret("the test", () => token) } as const;
  await using client = clientOf(tenantAt(server.url, { auth }));
  let connections = 0;
  server.server.on("connection", () => connections++);
  await client.fetchPage(REQUEST, () => true, never);
  token = "second-token\n";
  await client.fetchPage(REQUEST, () => true, never);
  expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(["Token first-token", "Token second-token"]);
  expect(connections).toBe(1);
});

test("abort ends a request at once with the signal's reason, and before one starts", async () => {
  const stop = new AbortController();
  const reason = new Error("stopping");
  await using server = await TestServer.open((response) => {
    response.write('{"data":[', () => stop.abort(reason));
  });
  await using client = clientOf(tenantAt(server.url));
  await expect(client.fetchPage(REQUEST, () => true, stop.signal)).rejects.toBe(reason);
  await expect(client.fetchPage(REQUEST, () => true, stop.signal)).rejects.toBe(reason);
  expect(server.seen).toHaveLength(1);
});

test("a page of 23 MB streams through without being held", async () => {
  const large = pageOf(5000);
  const gzipped = gzipSync(large.text, { level: 1 });
  await using server = await TestServer.open((response) => response.setHeader("content-encoding", "gzip").end(gzipped));
  await using client = clientOf(tenantAt(server.url));
  let held = 0;
  const count = (bytes: Buffer): boolean => {
    held += bytes.length;
    return true;
  };
  const answer = await client.fetchPage(REQUEST, count, never);
  expect(answer.verdict).toMatchObject({ kind: "page", activities: 5000 });
  expect(held).toBe(large.elements.reduce((sum, element) => sum + Buffer.byteLength(element), 0));
});
