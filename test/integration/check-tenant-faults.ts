import type { ServerResponse } from "node:http";
import { expect, onTestFinished, test, vi } from "vitest";
import { freePort } from "../real/process.ts";
import { failures, runHere, warnings } from "./check-here.ts";
import { configure, type Surroundings } from "./cli-setup.ts";
import { selfSigned } from "./tenant-certificate.ts";
import { pageOf, TestServer } from "./tenant-server.ts";

type Respond = (response: ServerResponse) => void;

const NOTHING = pageOf(0).text;
const json = (response: ServerResponse, status: number, body: string) =>
  response.writeHead(status, { "content-type": "application/json" }).end(body);
const page: Respond = (response) => json(response, 200, NOTHING);
const html: Respond = (response) =>
  response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Sign in</title>");

/** Set-ups of a tenant that are broken, each named with its remedy. */
export function tenantFaults(around: () => Surroundings): void {
  const checkAt = (url: string, edit = (yaml: string) => yaml) =>
    runHere("check", "-c", configure(around(), (yaml) => edit(yaml.replace(around().tenant.url, url))).config);
  const serving = async (respond: Respond, tls: { key: string; cert: string } | null = null) => {
    const server = await TestServer.open(respond, tls);
    onTestFinished(() => server[Symbol.asyncDispose]());
    return server;
  };

  test.each<[string, Respond, RegExp]>([
    ["no permission", (r) => json(r, 403, "{}"), /permission: 403.* -> grant .*Investigation\.Read/],
    ["a sign-in page", html, /address: 200 with HTML.* -> set apiUrl/],
    [
      "a redirect",
      (r) => r.writeHead(302, { location: "https://login.example/x" }).end(),
      /address: 302 redirects to login\.example.* -> set apiUrl/,
    ],
    ["an API of another path", (r) => json(r, 404, "{}"), /address: 404.* -> set apiUrl/],
    ["filters that are refused", (r) => json(r, 400, '{"error":"bad"}'), /filters: 400.* -> scans\.contoso-all/],
    ["a page of HTML with 502", (r) => r.writeHead(502).end("<html>Bad gateway</html>"), /address: 502.* -> .*proxy/],
  ])("a tenant with %s", async (_, respond, expected) => {
    const server = await serving(respond);
    const { code, out } = await checkAt(server.url);
    expect(failures(out)).toEqual([expect.stringMatching(expected)]);
    expect([code, server.seen.length <= 3]).toEqual([1, true]);
  });

  test("a private authority that is not given", async () => {
    const { url } = await serving(page, selfSigned("127.0.0.1"));
    expect(failures((await checkAt(url)).out)).toEqual([
      expect.stringMatching(/address: .*certificate.* -> .*set tenants\.contoso\.ca /),
    ]);
  });

  test("a certificate for another name", async () => {
    const tls = selfSigned("127.0.0.1");
    const server = await serving(page, tls);
    const pem = JSON.stringify(tls.cert);
    const edit = (yaml: string) => yaml.replace("requestsPerMinute", `ca: ${pem}\n    requestsPerMinute`);
    const { out } = await checkAt(server.url.replace("127.0.0.1", "localhost"), edit);
    expect(failures(out)).toEqual([
      expect.stringMatching(/address: .* -> .*another name: set tenants\.contoso\.apiUrl/),
    ]);
  });

  test("a proxy that only the environment names", async () => {
    vi.stubEnv("HTTPS_PROXY", "http://user:pr0xy-pass@127.0.0.1:1");
    onTestFinished(() => void vi.unstubAllEnvs());
    const { out } = await checkAt(`https://127.0.0.1:${await freePort()}`);
    expect(failures(out)).toEqual([
      expect.stringMatching(/address: .*ECONNREFUSED.* -> .*\(HTTPS_PROXY\).* set tenants\.contoso\.proxy\.url/),
    ]);
    expect(out).not.toContain("pr0xy-pass");
  });

  test.each([
    ["7000222", /credentials: .*AADSTS7000222.* -> the client secret has expired: make a new one/],
    ["7000215", /credentials: .*AADSTS7000215.* -> auth\.clientSecret is wrong: use the secret's value/],
    ["700016", /credentials: .*AADSTS700016.* -> check auth\.clientId/],
  ])("an Entra application that is refused with AADSTS%s", async (number, expected) => {
    const error = JSON.stringify({ error: "invalid_client", error_description: `AADSTS${number}: no. Trace ID: x` });
    const { url } = await serving((response) => json(response, 401, error));
    const auth = `{ directoryId: d, clientId: c, clientSecret: "\${file:token}", tokenUrl: "${url}/token" }`;
    const { out } = await checkAt(around().tenant.url, (yaml) => yaml.replace(/\{ token: .* \}/, auth));
    expect(failures(out)).toEqual([expect.stringMatching(expected)]);
  });

  test("a clock that is off by ten minutes", async () => {
    const { url } = await serving((response) => {
      response.setHeader("date", new Date(Date.now() - 600_000).toUTCString());
      page(response);
    });
    const { code, out } = await checkAt(url);
    expect([code, failures(out)]).toEqual([0, []]);
    expect(warnings(out).filter((line) => line.includes("tenant contoso"))).toEqual([
      expect.stringMatching(/clock: this machine is 60\d\.\d s ahead of the tenant -> set this machine's clock/),
    ]);
  });

  test("a budget that is too small for the lookbacks", async () => {
    const scans = "scans: { all: { tenant: contoso, lookbacks: [10s, 1h] } }\n";
    const { out } = await checkAt((await serving(page)).url, (yaml) => `${yaml.replace("6000", "18")}${scans}`);
    expect(warnings(out).filter((line) => line.includes("readers"))).toEqual([
      expect.stringMatching(/readers of contoso: at least 18\.\d of 18 requests a minute.* -> .*fewer lookbacks/),
    ]);
  });
}
