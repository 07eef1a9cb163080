import { checkFilters } from "./filters.ts";
import { isLoopback, NAME, NAME_ALLOWED } from "./leaves.ts";
import { nearest } from "./nearest.ts";
import { isTree, type Path, type Tree, valueAt } from "./path.ts";
import type { Problem } from "./problems.ts";
import { HEARTBEAT_DEFAULT, SESSION_DEFAULT } from "./schema.ts";
import { topicNamesOf } from "./topic-names.ts";
import { parseDurationMs } from "./units.ts";

/** Reports a problem at an option. */
type Report = (path: Path, message: string) => void;

/**
 * What no single option can tell. Works on the tree as it was written, so that it finds its problems beside those
 * of the shape; what has the wrong shape is passed over here.
 */
export function crossCheck(tree: unknown): { problems: readonly Problem[]; warnings: readonly Problem[] } {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const problem: Report = (path, message) => problems.push({ path, origin: null, message });
  const warning: Report = (path, message) => warnings.push({ path, origin: null, message });
  const tenants = mapsIn(valueAt(tree, ["tenants"]));
  const scans = mapsIn(valueAt(tree, ["scans"]));
  for (const name of tenants.keys()) checkName(["tenants", name], problem);
  for (const name of scans.keys()) checkName(["scans", name], problem);
  for (const [name, tenant] of tenants) checkTenant(name, tenant, problem, warning);
  checkAddresses(tenants, problem);
  checkScans(tree, tenants, scans, problem, warning);
  for (const [name, scan] of scans) checkScanFilters(name, scan, problem, warning);
  checkTopics(tree, problem, warning);
  checkKafka(tree, problem, warning);
  checkRegistry(tree, warning);
  return { problems, warnings };
}

function checkName(path: Path, problem: Report): void {
  if (!NAME.test(path.at(-1) ?? "")) problem(path, `found this name; allowed: ${NAME_ALLOWED}`);
}

function checkTenant(name: string, tenant: Tree, problem: Report, warning: Report): void {
  const path = ["tenants", name];
  const { auth, proxy, requestsPerMinute } = tenant;
  if (isTree(auth)) checkAuth([...path, "auth"], auth, problem);
  if (isTree(proxy) && (proxy["username"] === undefined) !== (proxy["password"] === undefined)) {
    problem([...path, "proxy"], "give username and password together, or neither");
  }
  if (typeof requestsPerMinute === "number" && requestsPerMinute > 30) {
    warning([...path, "requestsPerMinute"], "above the 30 that the API allows a tenant; it will throttle");
  }
}

function checkAuth(path: Path, auth: Tree, problem: Report): void {
  const entra = ["directoryId", "clientId", "clientSecret"];
  const given = [...entra, "cloud", "tokenUrl"].filter((key) => auth[key] !== undefined);
  const missing = entra.filter((key) => auth[key] === undefined);
  if (auth["token"] !== undefined) {
    if (given.length > 0)
      problem(path, `give either token, or ${entra.join(", ")}; found token and ${given.join(", ")}`);
  } else if (given.length === 0) {
    problem(path, `found neither; give either token, or ${entra.join(", ")}`);
  } else if (missing.length > 0) {
    problem(path, `also needs ${missing.join(" and ")}`);
  }
}

/** Two tenants with one address would each spend the whole budget of the one tenant behind it. */
function checkAddresses(tenants: ReadonlyMap<string, Tree>, problem: Report): void {
  const seen = new Map<string, string>();
  for (const [name, { apiUrl }] of tenants) {
    if (typeof apiUrl !== "string" || !URL.canParse(apiUrl)) continue;
    const { protocol, host } = new URL(apiUrl);
    const other = seen.get(`${protocol}${host}`);
    if (other === undefined) seen.set(`${protocol}${host}`, name);
    else
      problem(
        ["tenants", name, "apiUrl"],
        `the same API as tenant ${other} (${host}); give a tenant several scans instead`,
      );
  }
}

function checkScans(
  tree: unknown,
  tenants: ReadonlyMap<string, Tree>,
  scans: ReadonlyMap<string, Tree>,
  problem: Report,
  warning: Report,
): void {
  const names = Object.keys(asTree(valueAt(tree, ["tenants"])));
  const written = valueAt(tree, ["scans"]);
  if (isTree(written) && Object.keys(written).length === 0)
    problem(["scans"], "holds no scan; leave it out for one a tenant");
  for (const [name, { tenant }] of scans) {
    if (typeof tenant === "string" && !names.includes(tenant)) {
      problem(["scans", name, "tenant"], `there is no tenant ${JSON.stringify(tenant)}${nearest(tenant, names)}`);
    }
  }
  const scanned = new Set([...scans.values()].map(({ tenant }) => tenant));
  for (const name of written === undefined ? [] : tenants.keys()) {
    if (!scanned.has(name)) warning(["tenants", name], "no scan reads this tenant");
  }
}

function checkScanFilters(name: string, scan: Tree, problem: Report, warning: Report): void {
  if (!isTree(scan["filters"])) return;
  const field = scan["cursorField"];
  const cursorField = field === "created" || field === "date" ? field : "auto";
  for (const found of checkFilters(scan["filters"], cursorField)) {
    (found.warning ? warning : problem)(["scans", name, "filters", ...found.path], found.message);
  }
}

function checkTopics(tree: unknown, problem: Report, warning: Report): void {
  const names = topicNamesOf(tree);
  if (names.cursors === names.dlq) problem(["topics", "dlq", "name"], `the same topic as topics.cursors: ${names.dlq}`);
  for (const { path, topic, invalid } of names.activities) {
    if (invalid) problem(path, `makes the topic ${JSON.stringify(topic)}, which is no topic name`);
    if (topic === names.cursors) problem(path, `the same topic as topics.cursors: ${topic}`);
    if (topic === names.dlq) problem(path, `the same topic as topics.dlq: ${topic}`);
  }
  const scans = [...mapsIn(valueAt(tree, ["scans"]))];
  scans.forEach(([name, scan], index) => {
    for (const [other, otherScan] of scans.slice(0, index)) {
      const oneTopic = names.topicOf(name) === names.topicOf(other);
      if (oneTopic && scan["tenant"] === otherScan["tenant"] && !areDisjoint(scan["filters"], otherScan["filters"])) {
        warning(["scans", name], `may publish what scan ${other} publishes to ${names.topicOf(name)} as well`);
      }
    }
  });
}

/** Whether two scans' filters can be seen to share nothing: one field with `eq` lists without a common value. */
function areDisjoint(one: unknown, other: unknown): boolean {
  return Object.entries(asTree(one)).some(([field, conditions]) => {
    const mine = eqValues(conditions);
    const theirs = eqValues(asTree(other)[field]);
    return mine !== null && theirs !== null && !mine.some((value) => theirs.includes(value));
  });
}

function eqValues(conditions: unknown): string[] | null {
  const eq = asTree(conditions)["eq"];
  if (eq === undefined) return null;
  return (Array.isArray(eq) ? eq : [eq]).map((value) => JSON.stringify(value));
}

function checkKafka(tree: unknown, problem: Report, warning: Report): void {
  const { ssl, sasl, brokers, sessionTimeout, heartbeatInterval } = asTree(valueAt(tree, ["kafka"]));
  checkHeartbeats(sessionTimeout ?? SESSION_DEFAULT, heartbeatInterval ?? HEARTBEAT_DEFAULT, problem);
  if (isTree(ssl) && (ssl["cert"] === undefined) !== (ssl["key"] === undefined)) {
    problem(["kafka", "ssl"], "give cert and key together, or neither");
  }
  const hosts = (Array.isArray(brokers) ? brokers : []).map((broker) => String(broker).replace(/:\d+$/, ""));
  if (isTree(sasl) && (ssl === undefined || ssl === false) && !hosts.every(isLoopback)) {
    warning(["kafka", "sasl"], "without kafka.ssl the password travels unencrypted");
  }
}

/** One heartbeat may be lost, and the next be late. */
function checkHeartbeats(session: unknown, heartbeat: unknown, problem: Report): void {
  const [sessionMs, heartbeatMs] = [parseDurationMs(String(session)), parseDurationMs(String(heartbeat))];
  if (sessionMs === null || heartbeatMs === null || heartbeatMs <= sessionMs / 3) return;
  problem(["kafka", "heartbeatInterval"], `found ${heartbeat}, more than a third of kafka.sessionTimeout (${session})`);
}

function checkRegistry(tree: unknown, warning: Report): void {
  const { url, auth } = asTree(valueAt(tree, ["schemaRegistry"]));
  if (!isTree(auth) || typeof url !== "string" || !URL.canParse(url)) return;
  const { protocol, hostname } = new URL(url);
  if (protocol === "http:" && !isLoopback(hostname)) {
    warning(["schemaRegistry", "auth"], "with an http address the password travels unencrypted");
  }
}

function asTree(value: unknown): Tree {
  return isTree(value) ? value : {};
}

function mapsIn(value: unknown): ReadonlyMap<string, Tree> {
  return new Map(Object.entries(asTree(value)).map(([name, item]) => [name, asTree(item)]));
}
