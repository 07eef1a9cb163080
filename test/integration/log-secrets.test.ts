import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { startBroker } from "../real/broker.ts";
import { ensureBuilt } from "../real/built.ts";
import { startOtlpReceiver } from "../real/otlp-receiver.ts";
import { discard, eventually, freePort, scratchDir, startConnector } from "../real/process.ts";
import { type HostilePeer, startHostilePeer } from "./hostile-peer.ts";

beforeAll(ensureBuilt);

/** No pattern knows them: short pieces, quotes, and what has to be escaped in JSON and in addresses. */
const SECRETS = {
  token: 'to%2"k\\en&7',
  renewed: 'ne%2"w\\er&8',
  client: 'cl%2"i\\ent&9',
  proxy: 'pr%2"o\\xy&1',
  registry: 're%2"g\\istry&2',
  sasl: 'sa%2"s\\l&3',
} as const;

/** Every form in which a text could be read off an output. */
function formsOf(secret: string): string[] {
  const pairs = Object.keys(SECRETS).map((user) => Buffer.from(`${user}:${secret}`).toString("base64"));
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), ...pairs];
}

function expectNoSecret(output: string): void {
  for (const [name, secret] of Object.entries(SECRETS)) {
    for (const form of formsOf(secret)) expect(output.includes(form), `${name} as ${form} in:\n${output}`).toBe(false);
  }
}

interface Peers {
  readonly hostile: HostilePeer;
  readonly bootstrap: string;
  readonly port: number;
  readonly sasl?: boolean;
}

function configure({ hostile: { url }, bootstrap, port, sasl = false }: Peers): { config: string; dir: string } {
  const dir = scratchDir("log-secrets");
  onTestFinished(() => discard(dir));
  for (const [name, secret] of Object.entries(SECRETS)) writeFileSync(join(dir, name), `${secret}\n`);
  const config = join(dir, "mdca.yaml");
  const common = { requestsPerMinute: 6000 };
  const proxy = { url, username: "proxy", password: `\${file:proxy}` };
  const yaml = {
    tenants: {
      legacy: { apiUrl: url, auth: { token: `\${file:token}` }, ...common },
      entra: {
        apiUrl: url.replace("127.0.0.1", "localhost"),
        auth: { directoryId: "d", clientId: "c", clientSecret: `\${file:client}`, tokenUrl: `${url}/token` },
        ...common,
      },
      proxied: { apiUrl: "https://proxied.example.com", auth: { token: `\${file:token}` }, proxy, ...common },
    },
    kafka: {
      brokers: [bootstrap],
      ...(sasl ? { sasl: { mechanism: "plain", username: "sasl", password: `\${file:sasl}` } } : {}),
    },
    schemaRegistry: { url, auth: { username: "registry", password: `\${file:registry}` } },
    http: { port },
    log: { level: "info" },
  };
  writeFileSync(config, JSON.stringify(yaml));
  return { config, dir };
}

const get = async (url: string) => (await fetch(url)).text();

test("peers that repeat what they were sent bring no secret into the log, /status, /metrics or traces; SIGUSR2 tells more", async () => {
  await using broker = await startBroker();
  await using hostile = await startHostilePeer();
  await using receiver = await startOtlpReceiver();
  const port = await freePort();
  const { config, dir } = configure({ hostile, bootstrap: broker.bootstrap, port });
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_BSP_SCHEDULE_DELAY: "100" };
  await using connector = startConnector(["run", "--config", config], { name: "log-secrets", built: true, env });
  await connector.waitFor("[redacted]", 60_000);
  hostile.beRegistry();
  await connector.waitFor(/"event":"scan_state".*"scan":"legacy-all","state":"retrying"/, 60_000);
  await connector.waitFor(/"event":"scan_state".*"scan":"entra-all","state":"unauthorized"/, 60_000);
  await connector.waitFor(/"event":"scan_state".*"scan":"proxied-all"/, 60_000);
  expect(connector.log()).not.toContain('"level":"debug"');
  // A secret that is renewed while the process runs is as unknown to every pattern.
  writeFileSync(join(dir, "token"), `${SECRETS.renewed}\n`);
  connector.signal("SIGUSR2");
  await connector.waitFor('"event":"log_level","from":"info","to":"debug"', 10_000);
  await connector.waitFor('"level":"debug"', 30_000);
  await eventually(() => hostile.received.includes(SECRETS.renewed), 60_000, "the renewed token to be sent");
  const status = await get(`http://127.0.0.1:${port}/status`);
  const metrics = await get(`http://127.0.0.1:${port}/metrics`);
  connector.signal("SIGUSR2");
  await connector.waitFor('"event":"log_level","from":"debug","to":"info"', 10_000);
  expect((await connector.stop()).code).toBe(143);
  const { sasl: _, ...sent } = SECRETS;
  for (const secret of Object.values(sent)) expect(hostile.received).toContain(secret);
  const refused = receiver.spans.filter((span) => span.status.code === 2);
  expect(refused.map((span) => span.attributes["mdca.tenant"])).toEqual(expect.arrayContaining(["legacy", "entra"]));
  const traces = receiver.bodies.join("\n");
  expect(traces).toContain("[redacted]");
  for (const output of [connector.log(), status, metrics, traces]) expectNoSecret(output);
  expect(status).toContain("[secret");
  for (const line of connector.log().trim().split("\n")) {
    if (line.startsWith("{")) expect(JSON.parse(line)).toMatchObject({ level: expect.any(String) });
  }
});

test("check brings no secret of any peer to the terminal", async () => {
  await using hostile = await startHostilePeer();
  const { config } = configure({ hostile, bootstrap: hostile.url.slice("http://".length), port: 0, sasl: true });
  for (const output of ["text", "json"]) {
    const running = startConnector(["check", "--config", config, "--output", output], {
      name: "log-secrets-check",
      built: true,
    });
    expect((await running.exited).code).toBe(1);
    expect(running.log()).toContain("[redacted]");
    expectNoSecret(running.log());
  }
});

test.each([
  ["tenants.t.apiUrl", `https://user:${SECRETS.token}@contoso.us3.portal.cloudappsecurity.com`],
  ["schemaRegistry.url", `https://user:${encodeURIComponent(SECRETS.registry)}@registry.example.com`],
  ["tenants.t.proxy.url", `http://user:${encodeURIComponent(SECRETS.proxy)}@proxy.example.com`],
])("credentials in the address %s are refused without being repeated", async (option, address) => {
  const base = ["--set", "tenants.t.apiUrl=https://contoso.example.com", "--set", "tenants.t.auth.token=plain-token"];
  const running = startConnector(["run", ...base, "--set", `${option}=${address}`], {
    name: "log-secrets-address",
    built: true,
  });
  expect((await running.exited).code).toBe(2);
  expect(running.log()).toContain(option);
  expectNoSecret(running.log());
});
