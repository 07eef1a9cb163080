import type { Status } from "../observe/status.ts";

export interface LastError {
  readonly at: string;
  readonly where: string;
  readonly what: string;
  readonly message: string;
}

const SHOWN_MAX = 20;

/** The last error and anomaly of each scan and shard, the newest first. */
export function lastErrors({ scans, shards }: Pick<Status, "scans" | "shards">): LastError[] {
  const ofScans = scans.flatMap(({ scan, lastError, lastAnomaly }) => [
    ...(lastError === null ? [] : [{ where: `scan ${scan}`, what: "error", ...lastError }]),
    ...(lastAnomaly === null ? [] : [{ where: `scan ${scan}`, what: lastAnomaly.kind, ...lastAnomaly }]),
  ]);
  const ofShards = shards.flatMap(({ shard, lastError }) =>
    lastError === null ? [] : [{ where: `shard ${shard}`, what: "transaction", ...lastError }],
  );
  return [...ofScans, ...ofShards]
    .map(({ at, where, what, message }) => ({ at, where, what, message }))
    .sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0))
    .slice(0, SHOWN_MAX);
}
