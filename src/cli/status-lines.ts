import type { ScanStatus, Status, TenantStatus } from "../observe/status.ts";
import { counted } from "./command-plan.ts";
import { table } from "./table.ts";

/** What a running connector says of itself, for people: tables of scans, tenants and shards, and what is wrong. */
export function statusLines(status: Status): string[] {
  const { scans, tenants, shards, stages } = status;
  const owned = shards.filter((shard) => shard.owned).map(({ shard }) => shard);
  return [
    headOf(status),
    `shards owned: ${owned.length === 0 ? "none" : owned.join(", ")}`,
    "",
    ...table([SCANS, ...scans.map(scanRow)]),
    "",
    ...table([TENANTS, ...tenants.map(tenantRow)]),
    ...section(stages.map(({ subject, stage, seconds }) => `${subject}: ${stage} since ${spoken(seconds)}`)),
    ...section(scans.flatMap(jobLines)),
    ...section([...configurationLines(status), ...scans.flatMap(troubleLines), ...shardLines(status)]),
  ];
}

const section = (lines: readonly string[]): readonly string[] => (lines.length === 0 ? [] : ["", ...lines]);

function headOf({ version, cursorsTopic, startedAt, uptimeSeconds, stopping }: Status): string {
  const topic = cursorsTopic === null ? "not connected yet" : `cursors topic ${cursorsTopic}`;
  const doing = stopping === null ? "" : `; stopping: ${stopping}`;
  return `mdca-kafka-source ${version}, ${topic}, up ${spoken(uptimeSeconds)} (since ${startedAt})${doing}`;
}

const SCANS = [
  "SCAN",
  "TENANT",
  "STATE",
  "FIELD",
  "CAUGHT UP",
  "LAG",
  "LAST MINUTE",
  "PUBLISHED",
  "LATE",
  "DEAD LETTERS",
  "GAPS",
  "DIFFER",
];

function scanRow(scan: ScanStatus): string[] {
  const { state, cursorField, caughtUp, lagSeconds, publishedLastMinute, counts, openGaps, openMismatches } = scan;
  const reached = [cursorField ?? "undecided", caughtUp ?? "-", lagSeconds === null ? "-" : spoken(lagSeconds)];
  const numbers = [publishedLastMinute, counts.published, counts.late, counts.deadLettered, openGaps, openMismatches];
  return [scan.scan, scan.tenant, state, ...reached, ...numbers.map(String)];
}

const TENANTS = ["TENANT", "REQUESTS IN THE LAST MINUTE", "REQUESTS", "THROTTLED", "SKEW", "CREDENTIALS UNTIL"];

function tenantRow({ tenant, requestsPerMinute, requests, throttled, ...rest }: TenantStatus): string[] {
  const { used, limit } = requestsPerMinute;
  const skew = rest.clockSkewSeconds === null ? "-" : `${rest.clockSkewSeconds.toFixed(1)} s`;
  const asked = [`${used} of ${Math.round(limit)}`, String(requests), String(throttled)];
  return [tenant, ...asked, skew, rest.credentialExpiresAt ?? "-"];
}

function jobLines({ scan, jobs }: ScanStatus): string[] {
  return jobs.map(({ reader, from, until, done, paused, published }) => {
    const doing = paused ? "paused at" : "at";
    return `${scan}: ${reader} ${doing} ${Math.floor(done * 100)} % of ${from} to ${until}, ${published} published`;
  });
}

function configurationLines({ configuration: { refused } }: Status): string[] {
  return refused === null ? [] : [`configuration refused at ${refused.at}: ${refused.message}`];
}

function troubleLines(status: ScanStatus): string[] {
  const { scan, state, reason, since, openGaps, silence, lastError, lastAnomaly } = status;
  const lines: string[] = [];
  if (reason !== null) lines.push(`${scan}: ${state} since ${since}: ${reason}`);
  if (openGaps > 0) lines.push(`${scan}: ${counted(openGaps, "gap")}: see \`cursor show --scan ${scan}\``);
  for (const { slice, published, shown } of status.mismatches) {
    lines.push(`${scan}: the hour from ${slice} differs: ${published} published, the API shows ${shown}`);
  }
  if (silence !== null && silence.suspectSince === null) lines.push(`${scan}: shows nothing since ${silence.since}`);
  if (lastError !== null && lastError.message !== reason)
    lines.push(`${scan}: last error ${lastError.at}: ${lastError.message}`);
  if (lastAnomaly !== null)
    lines.push(`${scan}: last anomaly ${lastAnomaly.at}: ${lastAnomaly.kind}: ${lastAnomaly.message}`);
  return lines;
}

function shardLines({ shards, tenants }: Status): string[] {
  const failed = shards.flatMap(({ shard, lastError }) => {
    return lastError === null ? [] : [`shard ${shard}: last error ${lastError.at}: ${lastError.message}`];
  });
  const waiting = tenants.flatMap(({ tenant, throttledUntil }) => {
    return throttledUntil === null ? [] : [`${tenant}: throttled until ${throttledUntil}`];
  });
  return [...waiting, ...failed];
}

/** `45 s`, `3 min`, `2 h 5 min`, `4 d 1 h`. */
function spoken(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
