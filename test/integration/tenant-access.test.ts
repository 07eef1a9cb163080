import type { ServerResponse } from "node:http";
import { type AddressInfo, connect, createServer as createTcp, type Socket } from "node:net";
import { expect, test } from "vitest";
import { ConnectorError } from "../../src/kit/errors.ts";
import { Secret } from "../../src/kit/secret.ts";
import { selfSigned } from "./tenant-certificate.ts";
import { clientOf, pageOf, REQUEST, TestServer, TOKEN, tenantAt } from "./tenant-server.ts";

const never = new AbortController().signal;
const page = pageOf(40);

const sendPage = (response: ServerResponse) => response.setHeader("content-type", "application/json").end(page.text);

test("https with a private CA works only when that CA is given", async () => {
  const tls = selfSigned("127.0.0.1");
  await using server = await TestServer.open(sendPage, tls);
  await using trusting = clientOf(tenantAt(server.url, { ca: tls.cert }));
  expect((await trusting.fetchPage(REQUEST, () => true, never)).verdict.kind).toBe("page");
  await using other = clientOf(tenantAt(server.url));
  const refused = await other.fetchPage(REQUEST, () => true, never);
  expect(refused.verdict).toMatchObject({ kind: "retry", reason: expect.stringMatching(/self.signed|certificate/i) });
  await using wrongName = clientOf(tenantAt(server.url.replace("127.0.0.1", "localhost"), { ca: tls.cert }));
  expect((await wrongName.fetchPage(REQUEST, () => true, never)).verdict.kind).toBe("retry");
});

/** A forward proxy that only knows CONNECT, and what it was told. */
async function openProxy(): Promise<{ url: string; heads: string[] } & AsyncDisposable> {
  const heads: string[] = [];
  const sockets = new Set<Socket>();
  const server = createTcp((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", (head) => {
      heads.push(head.toString());
      const port = Number(/^CONNECT [^ ]*:(\d+) /.exec(head.toString())?.[1]);
      const upstream = connect(port, "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
        socket.pipe(upstream).pipe(socket);
      });
      sockets.add(upstream);
      upstream.on("error", () => socket.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heads,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("a proxy is used, with its credentials, and sees only the encrypted request", async () => {
  const tls = selfSigned("127.0.0.1");
  await using server = await TestServer.open(sendPage, tls);
  await using proxy = await openProxy();
  const credentials = { username: "us:er", password: new Secret("the test", () => "pass") };
  const proxied = tenantAt(server.url, { ca: tls.cert, proxy: { url: proxy.url, credentials: null } });
  await using client = clientOf(proxied);
  expect((await client.fetchPage(REQUEST, () => true, never)).verdict.kind).toBe("page");
  await using known = clientOf({ ...proxied, proxy: { url: proxy.url, credentials } });
  expect((await known.fetchPage(REQUEST, () => true, never)).verdict.kind).toBe("page");
  expect(proxy.heads).toHaveLength(2);
  expect(proxy.heads.join()).not.toContain(TOKEN);
  expect(proxy.heads[1]).toContain(Buffer.from("us:er:pass").toString("base64"));
});

test("an Entra token is used, dropped after a 401, and the next request has a new one", async () => {
  let issued = 0;
  let valid = "";
  await using server = await TestServer.open((response, seen) => {
    if (seen.path === "/token") {
      issued += 1;
      valid = `token-${issued}`;
      response.end(JSON.stringify({ expires_in: 3599, access_token: valid }));
    } else if (seen.headers.authorization === `Bearer ${valid}`) {
      sendPage(response);
    } else {
      response.writeHead(401).end("{}");
    }
  });
  const auth = {
    kind: "entra",
    directoryId: "dir",
    clientId: "app",
    clientSecret: new Secret("the test", () => "s3cret-value"),
    cloud: "commercial",
    tokenUrl: `${server.url}/token`,
  } as const;
  await using client = clientOf(tenantAt(server.url, { auth }));
  const kinds: string[] = [];
  for (const spoilt of [false, true, false]) {
    if (spoilt) valid = "revoked";
    kinds.push((await client.fetchPage(REQUEST, () => true, never)).verdict.kind);
  }
  expect(kinds).toEqual(["page", "unauthorized", "page"]);
  expect(server.seen.map(({ path }) => path.replace("/api/v1/activities/", "page"))).toEqual([
    "/token",
    "page",
    "page",
    "/token",
    "page",
  ]);
  expect(client.credentialExpiresAtMs).toBeGreaterThan(Date.now() + 3_500_000);
});

test("credentials that are refused, unreadable or out of reach are in the answer, and nothing is sent", async () => {
  await using server = await TestServer.open((response) => response.writeHead(401).end('{"error":"invalid_client"}'));
  const clientSecret = new Secret("the test", () => "s3cret-value");
  const entra = { kind: "entra", directoryId: "dir", clientId: "app", clientSecret, cloud: "commercial" } as const;
  await using refused = clientOf(tenantAt(server.url, { auth: { ...entra, tokenUrl: `${server.url}/token` } }));
  const answer = await refused.fetchPage(REQUEST, () => true, never);
  expect(answer).toMatchObject({ status: null, verdict: { kind: "unauthorized" } });
  expect(JSON.stringify(answer)).toContain("invalid_client");
  expect(JSON.stringify(answer)).not.toContain("s3cret-value");
  await using unreachable = clientOf(tenantAt(server.url, { auth: { ...entra, tokenUrl: "http://127.0.0.1:1/" } }));
  expect((await unreachable.fetchPage(REQUEST, () => true, never)).verdict.kind).toBe("retry");
  const gone = new Secret("file /run/token", () => {
    throw new ConnectorError("secret_unreadable", "file /run/token is gone", { disposition: "fatal" });
  });
  await using unreadable = clientOf(tenantAt(server.url, { auth: { kind: "token", token: gone } }));
  expect((await unreadable.fetchPage(REQUEST, () => true, never)).verdict).toEqual({
    kind: "unauthorized",
    reason: "file /run/token is gone",
  });
  expect(server.seen.map(({ path }) => path)).toEqual(["/token"]);
});

test("addresses that would show the credentials are refused at construction", () => {
  const invalid = expect.objectContaining({ code: "config_invalid" });
  expect(() => clientOf(tenantAt("http://contoso.portal.cloudappsecurity.com"))).toThrow(invalid);
  const proxy = { url: "http://proxy.contoso.com:3128", credentials: null };
  expect(() => clientOf(tenantAt("http://127.0.0.1:1", { proxy }))).toThrow(invalid);
});
