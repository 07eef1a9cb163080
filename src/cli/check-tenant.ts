import type { TenantPort } from "../connector/tenant-run.ts";
import { firstFilters } from "../scan/pass.ts";
import type { Answer } from "../tenant/answer.ts";
import type { CursorField, Filters } from "../tenant/request.ts";
import type { ReachedBy } from "./connection-remedy.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";
import { type Trouble, troubleOf } from "./tenant-remedy.ts";

/** The request that `check` makes: the filters of one scan, for a time when there is nothing. */
export interface TenantProbe {
  readonly scan: string;
  readonly filters: Filters;
  readonly field: CursorField;
}

const PROBE_AHEAD_MS = 24 * 3_600_000;
/** The least page that the API gives. */
const PROBE_LIMIT = 500;
/** Above this, ages in configuration and what a person reads beside them no longer agree. */
const SKEW_MAX_MS = 60_000;

/** What one answer tells, and whether the bound on the cursor field was honoured. */
export interface Probed {
  readonly answer: Answer;
  readonly found: number;
  /** From sending to the last byte. */
  readonly credentialExpiresAtMs: number | null;
}

/** One request. @throws the reason of `signal`. */
export async function probeTenant(
  client: TenantPort,
  probe: TenantProbe,
  nowMs: number,
  signal: AbortSignal,
): Promise<Probed> {
  const bounds = { fromMs: nowMs + PROBE_AHEAD_MS, untilMs: null };
  const filters = JSON.stringify(firstFilters(probe.filters, probe.field, bounds));
  let found = 0;
  const count = () => {
    found += 1;
    return true;
  };
  const request = { filters, sortField: probe.field, sortDirection: "asc", limit: PROBE_LIMIT } as const;
  const answer = await client.fetchPage(request, count, signal);
  return { answer, found, credentialExpiresAtMs: client.credentialExpiresAtMs };
}

export interface CheckedTenant {
  readonly name: string;
  readonly host: string;
  /** A variable of the environment that names a proxy where none is configured. */
  readonly proxyVariable: string | null;
}

/** What a probe says about a tenant, its address first. */
export function tenantFindings(tenant: CheckedTenant, probe: TenantProbe, probed: Probed): Finding[] {
  const named = (what: string) => `tenant ${tenant.name}, ${what}`;
  const trouble = troubleOf(probed.answer, reachedBy(tenant));
  const address = ok(named("address"), `${tenant.host} answers`);
  const { kind } = probed.answer.verdict;
  const wrong = (what: string, { problem, remedy }: Trouble) => fail(named(what), problem, remedy);
  if (trouble === null) return [address, ...pageFindings(named, probe, probed)];
  switch (kind) {
    case "retry":
    case "contract":
      return [wrong("address", trouble)];
    case "unauthorized": {
      if (probed.answer.status === null) return [wrong("credentials", trouble)];
      return [
        address,
        wrong(probed.answer.status === 403 ? "permission" : "credentials", trouble),
        ...clock(named, probed),
      ];
    }
    case "throttled": {
      const untried = warn(named("credentials"), `not known: ${trouble.problem}`, trouble.remedy);
      return [address, untried, ...clock(named, probed)];
    }
    default: {
      const accepted = ok(named("credentials"), "accepted");
      const scan = { ...trouble, remedy: `scans.${probe.scan}: ${trouble.remedy}` };
      return [address, accepted, wrong("filters", scan), ...clock(named, probed)];
    }
  }
}

function reachedBy({ name, proxyVariable }: CheckedTenant): ReachedBy {
  const option = (last: string) => `tenants.${name}.${last}`;
  return { address: option("apiUrl"), ca: option("ca"), proxy: option("proxy"), proxyVariable };
}

type Named = (what: string) => string;

function pageFindings(named: Named, probe: TenantProbe, probed: Probed): Finding[] {
  const { credentialExpiresAtMs, found } = probed;
  const expiry =
    credentialExpiresAtMs === null ? "" : `, the access token until ${new Date(credentialExpiresAtMs).toISOString()}`;
  const findings = [ok(named("credentials"), `accepted; may read activities${expiry}`), ...clock(named, probed)];
  if (found === 0 || probe.field === "date") return findings;
  const remedy = "cursorField auto will move along date; with cursorField: created the scan would be blocked";
  return [...findings, warn(named("created"), "a bound on created in the future is not honoured", remedy)];
}

function clock(named: Named, { answer }: Probed): Finding[] {
  const { serverNowMs, readAtMs } = answer;
  if (serverNowMs === null) return [warn(named("clock"), "the tenant sends no Date header")];
  const skewMs = readAtMs - serverNowMs;
  const apart = `this machine is ${(Math.abs(skewMs) / 1_000).toFixed(1)} s ${skewMs < 0 ? "behind" : "ahead of"} the tenant`;
  if (Math.abs(skewMs) <= SKEW_MAX_MS) return [ok(named("clock"), apart)];
  const remedy = "set this machine's clock (NTP); the scan itself goes by the tenant's clock";
  return [warn(named("clock"), apart, remedy)];
}
