import { configJsonSchema } from "../../src/config/json-schema.ts";

type Schema = Readonly<Record<string, unknown>>;

const boolean: Schema = { type: "boolean" };
const text: Schema = { type: "string" };
const map: Schema = { type: "object" };
const texts: Schema = { type: "object", additionalProperties: text };
const list: Schema = { type: "array", items: { type: "object" } };
const count = (minimum: number): Schema => ({ type: "integer", minimum });

/** An object with these keys and no others. */
function only(properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema {
  return { type: "object", additionalProperties: false, properties, ...(required.length > 0 ? { required } : {}) };
}

const probe = only({
  periodSeconds: count(1),
  timeoutSeconds: count(1),
  failureThreshold: count(1),
  initialDelaySeconds: count(0),
});

/** JSON Schema of the chart's values. */
export function chartValuesSchema(): Schema {
  const values = {
    config: connectorConfig(),
    existingSecret: text,
    replicas: count(0),
    image: only({ repository: { ...text, minLength: 1 }, tag: text, pullPolicy: { enum: pullPolicies } }),
    imagePullSecrets: list,
    nameOverride: text,
    fullnameOverride: text,
    extraEnv: { type: "array", items: { type: "object", required: ["name"] } },
    extraEnvFrom: list,
    extraVolumes: list,
    extraVolumeMounts: list,
    resources: map,
    // A stop takes 10 s at most.
    terminationGracePeriodSeconds: count(15),
    startupProbe: probe,
    readinessProbe: probe,
    livenessProbe: probe,
    http: only({ port: { type: "integer", minimum: 1, maximum: 65_535 } }),
    networkPolicy: only({ enabled: boolean, from: list, egress: list }),
    podDisruptionBudget: only({ enabled: boolean, maxUnavailable: { type: ["integer", "string"] } }),
    serviceAccount: only({ create: boolean, name: text, annotations: texts }),
    podMonitor: only({ enabled: boolean, interval: text, labels: texts }),
    prometheusRule: only({ enabled: boolean, labels: texts }),
    dashboards: only({ enabled: boolean, labels: texts, annotations: texts }),
    podLabels: texts,
    podAnnotations: texts,
    podSecurityContext: map,
    securityContext: map,
    nodeSelector: texts,
    tolerations: list,
    affinity: map,
    topologySpreadConstraints: list,
    priorityClassName: text,
    // What helm itself may hand down.
    global: map,
  };
  return { $schema: "https://json-schema.org/draft/2020-12/schema", ...only(values, ["config"]) };
}

const pullPolicies = ["Always", "IfNotPresent", "Never"];
/** A ConfigMap is no place for secrets, so here they can only be referred to. */
const reference = "^\\$\\{(env|file):[^}]+\\}$";

/** The connector's own schema, without what the chart decides: where it listens. */
function connectorConfig(): Schema {
  const { $schema: _, title: __, ...whole } = configJsonSchema();
  const { http: ___, ...properties } = whole["properties"] as Record<string, Schema>;
  return forHelm({ ...whole, properties }) as Schema;
}

function forHelm(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(forHelm);
  if (typeof node !== "object" || node === null) return node;
  const entries = Object.entries(node).map(([key, item]) => [key, forHelm(item)] as const);
  const { pattern, ...copy } = Object.fromEntries(entries);
  if (copy["writeOnly"] === true) return { ...copy, pattern: reference };
  // Go, and so helm, knows no look-around; the connector itself checks such a text when it starts.
  return typeof pattern === "string" && pattern.includes("(?!") ? copy : { ...copy, ...(pattern ? { pattern } : {}) };
}
