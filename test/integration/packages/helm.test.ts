import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { loadConfig } from "../../../src/config/load.ts";
import { checker } from "../../real/checkers.ts";
import { discard, root, scratchDir } from "../../real/process.ts";

const chart = join(root, "deploy/helm/mdca-kafka-source");
const valuesOf = (name: string) => ["--values", join(chart, `ci/${name}-values.yaml`)];
const everything = valuesOf("everything");
const smallest = valuesOf("smallest");

// biome-ignore lint/suspicious/noExplicitAny: manifests are looked into at will
type Manifest = any;

const template = (...values: string[]) =>
  checker("helm", "template", "mdca", chart, "--kube-version", "1.34.0", ...values);

async function manifests(...values: string[]): Promise<Manifest[]> {
  const { code, out, err } = await template(...values);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return parseAllDocuments(out).map((document) => document.toJS() as Manifest);
}

/** The first of each kind. */
async function rendered(...values: string[]): Promise<Record<string, Manifest>> {
  const all = await manifests(...values);
  return Object.fromEntries(all.reverse().map((manifest) => [manifest.kind, manifest]));
}

test("the chart is of the connector's version", () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  expect(parse(readFileSync(join(chart, "Chart.yaml"), "utf8")).appVersion).toBe(version);
});

test("helm finds nothing to object to, and Kubernetes neither, from 1.25 on", async () => {
  const lint = await checker("helm", "lint", "--strict", "--kube-version", "1.34.0", chart, ...everything);
  expect(lint).toMatchObject({ code: 0, out: expect.stringContaining("0 chart(s) failed") });
  const dir = scratchDir("helm");
  onTestFinished(() => discard(dir));
  for (const [name, values] of Object.entries({ everything, smallest })) {
    const file = join(dir, `${name}.yaml`);
    writeFileSync(file, (await template(...values)).out);
    for (const version of ["1.25", "1.37.0"]) {
      const said = await checker("kubernetes-validate", "--strict", "--no-warn", "-k", version, file);
      expect(said, said.out + said.err).toMatchObject({ code: 0 });
      expect(said.out + said.err).toContain("passed for resource deployment/mdca-mdca-kafka-source");
    }
  }
});

test("the pod runs as nobody, writes nothing, and is given the time that it needs", async () => {
  const { Deployment, NetworkPolicy, PodDisruptionBudget } = await rendered(...everything);
  const pod = Deployment.spec.template.spec;
  const [container] = pod.containers;
  expect(Deployment.spec.replicas).toBe(3);
  expect(Deployment.spec.strategy.rollingUpdate).toEqual({ maxSurge: 0, maxUnavailable: 1 });
  expect(pod).toMatchObject({ automountServiceAccountToken: false, terminationGracePeriodSeconds: 30 });
  expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
  expect(container.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  expect(container.resources.requests).toMatchObject({ cpu: expect.any(String), memory: expect.any(String) });
  expect(container.startupProbe.httpGet).toEqual({ path: "/readyz", port: "http" });
  expect(container.readinessProbe.httpGet.path).toBe("/readyz");
  expect(container.livenessProbe.httpGet.path).toBe("/healthz");
  expect(container.env[0]).toEqual({ name: "MDCA_SOURCE__HTTP__HOST", value: "0.0.0.0" });
  expect(NetworkPolicy.spec.policyTypes).toEqual(["Ingress", "Egress"]);
  expect(NetworkPolicy.spec.ingress[0].ports).toEqual([{ port: "http", protocol: "TCP" }]);
  expect(PodDisruptionBudget.spec.maxUnavailable).toBe(1);
  const mounts = container.volumeMounts.map((mount: Manifest) => mount.mountPath);
  expect(mounts).toEqual(["/etc/mdca-kafka-source", "/run/secrets/mdca-kafka-source", "/etc/kafka-ca"]);
});

test("what needs the Prometheus operator is left out until it is asked for", async () => {
  const kinds = ["ConfigMap", "Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service", "ServiceAccount"];
  expect(Object.keys(await rendered(...smallest)).sort()).toEqual(kinds);
  const { PodMonitor } = await rendered(...everything);
  expect(PodMonitor.spec.podMetricsEndpoints).toEqual([{ port: "http", path: "/metrics", interval: "30s" }]);
});

test("the Prometheus operator takes what is written for it", async () => {
  const dir = scratchDir("operator");
  onTestFinished(() => discard(dir));
  const written = (await manifests(...everything)).filter(
    ({ apiVersion }) => apiVersion === "monitoring.coreos.com/v1",
  );
  const files = written.map((manifest, at) => {
    const file = join(dir, `${manifest.kind}-${at}.json`);
    writeFileSync(file, JSON.stringify(manifest));
    return file;
  });
  expect(written.map(({ kind }) => kind).sort()).toEqual(["PodMonitor", "PrometheusRule", "PrometheusRule"]);
  expect(await checker("operator", ...files)).toEqual({ code: 0, out: "", err: "" });
  const foreign = join(dir, "foreign.json");
  writeFileSync(foreign, JSON.stringify({ kind: "PodMonitor", spec: { selector: {}, podMetricsEndpoint: [] } }));
  const said = { code: 1, err: expect.stringContaining("podMetricsEndpoint") };
  expect(await checker("operator", foreign)).toMatchObject(said);
});

test("every dashboard and every file of rules comes with the chart, as it is", async () => {
  const all = await manifests(...everything);
  const at = (path: string) => join(root, "deploy", path);
  const ruleFiles = readdirSync(at("prometheus")).filter((name) => name.endsWith(".yaml"));
  const rules = all.filter(({ kind }) => kind === "PrometheusRule").map(({ spec }) => spec);
  expect(rules).toEqual(ruleFiles.sort().map((name) => parse(readFileSync(at(`prometheus/${name}`), "utf8"))));
  const boards = readdirSync(at("grafana")).filter((name) => name.endsWith(".json"));
  const found = all.filter(({ metadata }) => metadata.labels.grafana_dashboard === "1");
  const texts = Object.assign({}, ...found.map(({ data }) => data));
  expect(Object.keys(texts).sort()).toEqual(boards.sort());
  for (const name of boards)
    expect(JSON.parse(texts[name])).toEqual(JSON.parse(readFileSync(at(`grafana/${name}`), "utf8")));
});

test("the connector takes the configuration as the pod finds it; what it cannot follow is another pod", async () => {
  const { ConfigMap, Deployment } = await rendered(...everything);
  const files: Record<string, string> = {
    "/etc/mdca-kafka-source/config.yaml": ConfigMap.data["config.yaml"],
    "/run/secrets/mdca-kafka-source/token": "a-token",
    "/etc/kafka-ca/ca.crt": "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n",
  };
  const env = { KAFKA_PASSWORD: "a-password", MDCA_SOURCE__HTTP__HOST: "0.0.0.0", MDCA_SOURCE__HTTP__PORT: "9464" };
  const source = { file: "/etc/mdca-kafka-source/config.yaml", sets: [], env };
  const { config } = loadConfig(source, (path) => files[path] ?? expect.fail(`no file ${path}`));
  expect(config.tenants[0]?.requestsPerMinute).toBe(20);
  expect(config.limits.bodyBytes).toBe(200 * 1024 * 1024);
  expect(config.scans[0]?.filters).toEqual({ service: { eq: [20893, 11161000] } });
  const other = await rendered(...everything, "--set", "config.tenants.contoso.requestsPerMinute=21");
  const sum = (deployment: Manifest) => deployment.spec.template.metadata.annotations["checksum/config"];
  expect(sum(other["Deployment"])).toBe(sum(Deployment));
  expect(other["ConfigMap"].data["config.yaml"]).toContain("requestsPerMinute: 21");
  const elsewhere = await rendered(...everything, "--set", "config.kafka.clientId=another");
  expect(sum(elsewhere["Deployment"])).not.toBe(sum(Deployment));
});

test.each([
  ["a secret in plain text", "config.tenants.contoso.auth.token=abc", "does not match pattern"],
  ["an option that there is not", "config.kafka.borkers=x", "'borkers' not allowed"],
  ["an address that the chart decides", "config.http.port=80", "'http' not allowed"],
  ["a value that there is not", "replica=2", "'replica' not allowed"],
  ["less time than a stop takes", "terminationGracePeriodSeconds=9", "minimum: got 9"],
])("helm refuses %s", async (_, value, reason) => {
  const { code, err } = await template(...everything, "--set", value);
  expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining(reason) });
});
