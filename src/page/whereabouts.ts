import type { ScanStatus, Status } from "../observe/status.ts";

/** A scan, and whether this process has it: replicas share the shards that tenants live in. */
export type Listed = ScanStatus & { readonly isHere: boolean };

export function withWhereabouts({ scans, shards }: Pick<Status, "scans" | "shards">): Listed[] {
  const here = new Set(shards.filter(({ owned }) => owned).flatMap(({ tenants }) => tenants));
  return scans.map((scan) => ({ ...scan, isHere: here.has(scan.tenant) }));
}
