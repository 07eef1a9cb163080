import type { ServerResponse } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { failures, runHere } from "./check-here.ts";
import { configure, type Surroundings } from "./cli-setup.ts";
import { selfSigned } from "./tenant-certificate.ts";
import { type Seen, TestServer } from "./tenant-server.ts";

type Respond = (response: ServerResponse, seen: Seen) => void;

const unknown: Respond = (response) => response.writeHead(404).end('{"error_code":40401,"message":"not found"}');
const readOnly: Respond = (response, seen) =>
  seen.path.startsWith("/mode/") ? response.end('{"mode":"READONLY"}') : unknown(response, seen);

/** Set-ups of a registry that are broken, each named with its remedy. */
export function registryFaults(around: () => Surroundings): void {
  const checkAt = (url: string, edit = (yaml: string) => yaml) =>
    runHere("check", "-c", configure(around(), (yaml) => edit(yaml.replace(around().registry.url, url))).config);
  const serving = async (respond: Respond, tls: { key: string; cert: string } | null = null) => {
    const server = await TestServer.open(respond, tls);
    onTestFinished(() => server[Symbol.asyncDispose]());
    return server;
  };

  test.each<[string, Respond, RegExp]>([
    ["in mode READONLY", readOnly, /schema_missing: .*mode READONLY -> .*mode READWRITE, or .*`schema print`/],
    ["with a login", (r) => r.writeHead(401).end("{}"), /credentials_refused: .*401.* -> check schemaRegistry\.auth/],
    [
      "that is none",
      (r) => r.writeHead(404).end("<html>"),
      /registry_unavailable: there is no schema registry .* -> is the path right/,
    ],
    ["that is unwell", (r) => r.writeHead(500).end("{}"), /registry_unavailable: .*500.* -> check schemaRegistry\.url/],
  ])("a registry %s", async (_, respond, expected) => {
    const server = await serving(respond);
    const { code, out } = await checkAt(server.url);
    expect([code, failures(out)]).toEqual([1, [expect.stringMatching(expected)]]);
    expect(server.seen.filter(({ method, path }) => method !== "GET" && path.endsWith("/versions"))).toEqual([]);
  });

  test("a registry whose private authority is not given", async () => {
    const { url } = await serving(unknown, selfSigned("127.0.0.1"));
    expect(failures((await checkAt(url)).out)).toEqual([
      expect.stringMatching(/registry_unavailable: .* -> .*set schemaRegistry\.ca /),
    ]);
  });

  test("a subject that is not there and may not be made", async () => {
    const { registry } = around();
    const { out } = await checkAt(registry.url, (yaml) =>
      yaml.replace(`url: "${registry.url}"`, `url: "${registry.url}", autoRegisterSchemas: false`),
    );
    expect(failures(out)).toEqual([
      expect.stringMatching(/schema_missing: subject check-\d+-value .* -> register what `schema print` prints/),
    ]);
  });
}
