import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { loadConfig } from "../../../src/config/load.ts";
import { checker } from "../../real/checkers.ts";
import { root } from "../../real/process.ts";

const folder = join(root, "deploy/compose");

// biome-ignore lint/suspicious/noExplicitAny: the project is looked into at will
async function project(): Promise<any> {
  const { code, out, err } = await checker("compose", join(folder, "compose.yaml"));
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return JSON.parse(out);
}

test("the reference loader takes compose.yaml; nothing is published beyond this machine", async () => {
  const { services } = await project();
  const names = ["connector", "grafana", "kafka", "mock-tenant", "prometheus", "registry"];
  expect(Object.keys(services).sort()).toEqual(names);
  for (const { image, ports = [] } of Object.values<{ image: string; ports?: { host_ip: string }[] }>(services)) {
    expect(image).toMatch(/^mdca-kafka-source$|:[\w.]*\d/);
    for (const port of ports) expect(port.host_ip).toBe("127.0.0.1");
  }
  for (const ours of [services.connector, services["mock-tenant"]]) {
    expect(ours).toMatchObject({ read_only: true, cap_drop: ["ALL"] });
  }
});

test("every file that is mounted is there, and every name in the configurations is a service's", async () => {
  const { services } = await project();
  const hosts = [...Object.keys(services), "localhost"];
  for (const { volumes = [] } of Object.values<{ volumes?: { type: string; source: string }[] }>(services)) {
    for (const { type, source } of volumes) if (type === "bind") readdirSync(join(source, ".."));
  }
  const texts = ["connector.yaml", "prometheus.yaml", "grafana/datasources.yaml"].map((file) =>
    readFileSync(join(folder, file), "utf8"),
  );
  const addresses = texts.flatMap((text) => [...text.matchAll(/(?:\/\/|")([a-z-]+):\d+/g)].map(([, host]) => host));
  expect(addresses.length).toBeGreaterThanOrEqual(5);
  for (const host of addresses) expect(hosts).toContain(host);
});

test("the connector takes its configuration, and finds the mock tenant on its own loopback", async () => {
  const { services } = await project();
  expect(services.connector.network_mode).toBe("service:mock-tenant");
  const file = join(folder, "connector.yaml");
  const source = { file, sets: [], env: services.connector.environment };
  const { config, warnings } = loadConfig(source, (path) => readFileSync(path, "utf8"));
  expect(warnings).toEqual([]);
  const port = services["mock-tenant"].command[services["mock-tenant"].command.indexOf("--port") + 1];
  expect(config.tenants[0]?.apiUrl).toContain(`localhost:${port}`);
});

test("Grafana finds the dashboards, Prometheus the rules", async () => {
  const { services } = await project();
  const targets = (name: string) => services[name].volumes.map((volume: { target: string }) => volume.target);
  const dashboards = parse(readFileSync(join(folder, "grafana/dashboards.yaml"), "utf8"));
  expect(targets("grafana")).toContain(dashboards.providers[0].options.path);
  const { rule_files } = parse(readFileSync(join(folder, "prometheus.yaml"), "utf8"));
  for (const rules of rule_files) {
    expect(targets("prometheus").some((target: string) => rules.startsWith(`${target}/`))).toBe(true);
  }
});
