import type { ScanConfig } from "../config/config.ts";
import { ConnectorError } from "../kit/errors.ts";
import { type Cursor, decodeCursor } from "../scan/cursor.ts";
import { cursorKey, decodeLedger, isMismatch, type Ledger, parseSliceKey } from "../scan/ledger.ts";
import { restoreState } from "../scan/state.ts";
import { iso } from "./instant.ts";
import { table } from "./table.ts";

/** What a scan's committed state says, for people and programs. Times are ISO 8601. */
export interface CursorView {
  readonly scan: string;
  readonly tenant: string;
  readonly shard: number;
  /** `ok`, `paused`, `none` before the first run, or the code of what is wrong. */
  readonly state: string;
  /** What is wrong, and what to do; null when nothing is. */
  readonly reason: string | null;
  /** Null when there is none, or it cannot be read. */
  readonly cursor: CursorFacts | null;
  readonly slices: SliceFacts;
}

export interface CursorFacts {
  /** Whose cursor it is; differs from the configuration's for a foreign one. */
  readonly tenant: string;
  readonly cursorField: string | null;
  readonly position: string;
  /** Everything visible at this moment is published. */
  readonly caughtUp: string;
  /** By this machine's clock. */
  readonly lagSeconds: number;
  readonly pass: PassFacts | null;
  /** Since when and by whom the scan is paused; null: it goes on. */
  readonly paused: { readonly since: string; readonly by: string } | null;
  readonly counts: Cursor["counts"];
}

export interface PassFacts {
  readonly from: string;
  /** Null: whatever is visible. */
  readonly until: string | null;
  /** Pages published in it. */
  readonly pages: number;
  readonly highest: string | null;
  /** The exact text; null: the pass's first request is next. */
  readonly nextFilters: string | null;
}

export interface SliceFacts {
  readonly remembered: number;
  /** Ids in the remembered slices. */
  readonly ids: number;
  readonly gaps: readonly { readonly from: string; readonly until: string; readonly reason: string }[];
  /** Hours of which the API showed something else than was published, when a verify job compared them last. */
  readonly mismatches: readonly { readonly hour: string; readonly published: number; readonly shown: number }[];
  /** Ledgers that cannot be read. */
  readonly damaged: number;
}

/** Reads a scan's state as far as it can be read; what is wrong is in the view, never thrown. */
export function viewOf(
  scan: ScanConfig,
  shard: number,
  records: ReadonlyMap<string, Buffer>,
  nowMs: number,
): CursorView {
  const { name, tenant, cursorField, filters } = scan;
  const view = { scan: name, tenant, shard, cursor: factsOf(scan, records, nowMs), slices: slicesOf(name, records) };
  try {
    const state = restoreState({ scan: name, tenant, cursorField, filters }, records);
    return { ...view, state: state === null ? "none" : state.cursor.paused === null ? "ok" : "paused", reason: null };
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    return { ...view, state: error.code, reason: error.message };
  }
}

/** Whether `run` would block this scan. */
export const isBlocked = (view: CursorView): boolean => view.reason !== null;

function factsOf(scan: ScanConfig, records: ReadonlyMap<string, Buffer>, nowMs: number): CursorFacts | null {
  const record = records.get(cursorKey(scan.name));
  if (record === undefined) return null;
  let cursor: Cursor;
  try {
    cursor = decodeCursor(record, scan.name);
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    return null;
  }
  const { tenant, cursorField, positionMs, caughtUpMs, pass, paused, counts } = cursor;
  return {
    tenant,
    cursorField,
    position: iso(positionMs),
    caughtUp: iso(caughtUpMs),
    lagSeconds: Math.max(0, Math.round((nowMs - caughtUpMs) / 1_000)),
    pass: pass === null ? null : passFacts(pass),
    paused: paused === null ? null : { since: iso(paused.atMs), by: paused.by },
    counts,
  };
}

function passFacts({ fromMs, untilMs, pages, highestMs, nextFilters }: NonNullable<Cursor["pass"]>): PassFacts {
  const [until, highest] = [untilMs, highestMs].map((ms) => (ms === null ? null : iso(ms)));
  return { from: iso(fromMs), until: until ?? null, pages, highest: highest ?? null, nextFilters };
}

function slicesOf(scan: string, records: ReadonlyMap<string, Buffer>): SliceFacts {
  const ledgers: Ledger[] = [];
  const mismatches: SliceFacts["mismatches"][number][] = [];
  let damaged = 0;
  for (const [key, value] of records) {
    const parsed = parseSliceKey(key);
    if (parsed === null || parsed.scan !== scan || parsed.chunk !== null) continue;
    try {
      const ledger = decodeLedger(value, key);
      const { verified, ids } = ledger;
      ledgers.push(ledger);
      if (verified !== null && isMismatch(ledger))
        mismatches.push({ hour: iso(parsed.sliceMs), published: ids, shown: verified.ids });
    } catch (error) {
      if (!(error instanceof ConnectorError)) throw error;
      damaged += 1;
    }
  }
  const remembered = ledgers.filter((ledger) => ledger.remembered);
  return {
    remembered: remembered.length,
    ids: remembered.reduce((sum, ledger) => sum + ledger.ids, 0),
    gaps: ledgers.flatMap(({ gaps }) =>
      gaps.map(({ fromMs, untilMs, reason }) => ({ from: iso(fromMs), until: iso(untilMs), reason })),
    ),
    mismatches: mismatches.sort((a, b) => (a.hour < b.hour ? -1 : 1)),
    damaged,
  };
}

const HEAD = ["SCAN", "TENANT", "SHARD", "STATE", "FIELD", "POSITION", "CAUGHT UP", "LAG", "PASS", "PUBLISHED", "IDS"];

/** A table, one row a scan. */
export const cursorLines = (views: readonly CursorView[]): string[] => table([HEAD, ...views.map(row)]);

/** The same, and below it what does not fit in one. */
export function cursorTable(views: readonly CursorView[]): string {
  return `${[...cursorLines(views), ...views.flatMap(details)].join("\n")}\n`;
}

function row({ scan, tenant, shard, state, cursor, slices }: CursorView): string[] {
  const start = [scan, tenant, String(shard), state];
  if (cursor === null) return [...start, "-", "-", "-", "-", "-", "-", String(slices.ids)];
  const { cursorField, position, caughtUp, lagSeconds, pass, counts } = cursor;
  const where = pass === null ? "between" : `page ${pass.pages + 1}`;
  const reached = [cursorField ?? "undecided", position, caughtUp, `${lagSeconds} s`, where];
  return [...start, ...reached, String(counts.published), `${slices.ids} in ${slices.remembered} slices`];
}

function details({ scan, reason, cursor, slices }: CursorView): string[] {
  const pass = cursor?.pass ?? null;
  const lines: string[] = [];
  if (reason !== null) lines.push(`  ${reason}`);
  const paused = cursor?.paused ?? null;
  if (paused !== null) {
    lines.push(`  scan ${scan}: paused by ${paused.by} since ${paused.since}; \`scan resume\` lets it go on`);
  }
  if (pass !== null) {
    const next = pass.nextFilters === null ? "its first request is next" : `next filters ${pass.nextFilters}`;
    lines.push(`  scan ${scan}: in a pass from ${pass.from} to ${pass.until ?? "now"}, ${next}`);
  }
  for (const { hour, published, shown } of slices.mismatches) {
    lines.push(`  scan ${scan}: the hour from ${hour} differs: ${published} published, the API shows ${shown}`);
  }
  for (const gap of slices.gaps) lines.push(`  scan ${scan}: gap from ${gap.from} to ${gap.until} (${gap.reason})`);
  return lines;
}
