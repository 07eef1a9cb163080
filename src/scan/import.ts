import { assert, ConnectorError } from "../kit/errors.ts";
import { isoOf } from "../kit/iso.ts";
import { type Applied, placeTail, refused, setRead, skip, tooManyJobs } from "./applying.ts";
import type { ImportCommand } from "./command.ts";
import type { Cursor } from "./cursor.ts";
import { type Exported, readersOf, recordsOf } from "./export.ts";
import { forgottenHours, type Remembered, repeatsRefusal } from "./forgotten.ts";
import { type Job, jobName, leftOf, newJob } from "./job.ts";
import { SLICE_MS } from "./slice.ts";
import type { ScanState } from "./state.ts";
import { tailFromMs } from "./tail.ts";

/** A stretch of the cursor field; inclusive. */
export interface Reach {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What a scan's state says, as far as an import is judged by it. */
export interface Standing {
  readonly cursor: Cursor;
  readonly jobs: ReadonlyMap<string, Job>;
  readonly ledgers: Remembered["ledgers"];
}

/** What an import does to a scan. */
export interface ImportEffect {
  /** Jobs as they are to be, by name, and what each reads because of it. */
  readonly reads: readonly { readonly name: string; readonly job: Job; readonly reach: Reach }[];
  /** What the tail passes over and nobody reads: open as gaps. */
  readonly skips: readonly Reach[];
  /** Where the tail goes on; null: where it stands. */
  readonly tailMs: number | null;
  /** Hours in what is read whose ids nobody remembers. */
  readonly forgottenHours: number;
}

/**
 * The command that imports what an export says of the scan that `head` names.
 * @throws ConnectorError `cursor_foreign` where it has nothing of it; `cursor_corrupt` | `cursor_newer`
 */
export function importOf(
  { scans, exportedAt, digest }: Pick<Exported, "scans" | "exportedAt" | "digest">,
  head: Pick<ImportCommand, "id" | "at" | "by" | "scan">,
  mayRepeat: boolean,
): ImportCommand {
  const found = scans.find(({ scan }) => scan === head.scan);
  if (found === undefined) {
    const message = `the export has no scan "${head.scan}": it has ${scans.map(({ scan }) => scan).join(", ")}`;
    throw new ConnectorError("cursor_foreign", message, { disposition: "fatal" });
  }
  const readers = readersOf(found.scan, recordsOf(found));
  assert(readers !== null, "an export has a cursor");
  const { cursor, jobs } = readers;
  const { tenant, cursorField, filtersHash, revision, beganMs } = cursor;
  return {
    ...head,
    version: 2,
    action: "cursor_import",
    source: { exportedAt, digest },
    ...{ tenant, cursorField, filtersHash, revision, beganMs },
    toMs: tailFromMs(cursor),
    jobs: [...jobs]
      .filter(([, { origin }]) => origin === "backfill" || origin === "recovery")
      .map(([reader, job]) => ({ reader, ...leftOf(job), order: job.order, paused: job.paused })),
    mayRepeat,
  };
}

/**
 * What an import does to a scan at the server's time. What the export had left to read is read again; what the tail
 * passes over by it is a gap; what the scan has left to read itself, and what it has settled, stays. Text: why it is
 * refused.
 *
 *      export: ═══ read ═══╪┄┄ left ┄┄▶           ║  export: ═══════ read ═══════╪┄▶
 *        scan: ═════════════════ read ═══╪┄▶      ║    scan: ═══ read ═══╪┄┄ left ┄┄▶
 *                          [── a job ───)         ║                      [── a gap ──)
 */
export function effectOf(
  command: ImportCommand,
  standing: Standing,
  serverNowMs: number,
): ImportEffect | { readonly refusal: string } {
  const refusal = misfitOf(command, standing.cursor) ?? futureOf(command, serverNowMs);
  if (refusal !== null) return { refusal };
  const { toMs } = command;
  const tailMs = tailFromMs(standing.cursor);
  const isAhead = tailMs > serverNowMs;
  const own = toMs < tailMs && !isAhead ? [{ reader: null, fromMs: toMs, untilMs: tailMs - 1 }] : [];
  const left = command.jobs
    .map((job) => ({ ...job, untilMs: Math.min(job.untilMs, Math.floor(serverNowMs) - 1) }))
    .filter(({ fromMs, untilMs }) => fromMs <= untilMs);
  const jobs = new Map(standing.jobs);
  const reads = [...left, ...own].map((wanted) => {
    const read = readOf(wanted, jobs, command.mayRepeat);
    jobs.set(read.name, read.job);
    return read;
  });
  const full = tooManyJobs(jobs.size);
  if (full !== null) return { refusal: full };
  const forgotten = reads.reduce((sum, { reach }) => sum + unknownHours(command, standing, reach), 0);
  if (forgotten > 0 && !command.mayRepeat) return { refusal: repeatsRefusal(forgotten) };
  const skips = toMs > tailMs ? without({ fromMs: tailMs, untilMs: toMs - 1 }, left) : [];
  return { reads, skips, tailMs: toMs > tailMs || isAhead ? toMs : null, forgottenHours: forgotten };
}

/** What an import comes to when its owner applies it. */
export function applyImport(command: ImportCommand, state: ScanState, serverNowMs: number): Applied {
  const ledgers = state.slices.ledgers.map(([sliceMs, { remembered }]) => ({ sliceMs, remembered }));
  const effect = effectOf(command, { ...state, ledgers }, serverNowMs);
  if ("refusal" in effect) return refused(effect.refusal);
  const { reads, skips, tailMs } = effect;
  return {
    message: `imported what ${command.source.exportedAt} had left: ${effectText(effect)}`,
    change: (draft) => {
      for (const { name, job } of reads) setRead(draft, name, job);
      for (const reach of skips) skip(draft, reach);
      if (tailMs !== null) placeTail(draft, tailMs, serverNowMs);
    },
  };
}

/** For people: a sentence without an end. */
export function effectText({ reads, skips, tailMs }: ImportEffect): string {
  const parts = [
    tailMs === null ? "the tail goes on where it stands" : `the tail goes on at ${isoOf(tailMs)}`,
    ...reads.map(({ name, reach }) => `${name} reads ${reachText(reach)}`),
    ...skips.map((reach) => `${reachText(reach)} is open as a gap`),
  ];
  return parts.join("; ");
}

const reachText = ({ fromMs, untilMs }: Reach): string => `${isoOf(fromMs)} to ${isoOf(untilMs + 1)}`;

/** Another scan's state is told by whose it is. */
function misfitOf({ tenant, cursorField, filtersHash }: ImportCommand, cursor: Cursor): string | null {
  const differ = (what: string, theirs: string | null, own: string | null): string | null =>
    theirs === own
      ? null
      : `the export is of ${what} ${theirs ?? "undecided"}, the scan's cursor of ${own ?? "undecided"}`;
  return (
    differ("tenant", tenant, cursor.tenant) ??
    differ("cursor field", cursorField, cursor.cursorField) ??
    differ("filters with the hash", filtersHash, cursor.filtersHash)
  );
}

const futureOf = ({ toMs }: ImportCommand, serverNowMs: number): string | null =>
  toMs > serverNowMs
    ? `the export's position ${isoOf(toMs)} lies in the future of the tenant's clock (${isoOf(serverNowMs)})`
    : null;

type Wanted = Reach &
  Partial<Pick<ImportCommand["jobs"][number], "order" | "paused">> & { readonly reader: string | null };

/** The job that reads it: the one of that name, with what it had left put back, or a new one. */
function readOf({ reader, order, paused, ...reach }: Wanted, jobs: ReadonlyMap<string, Job>, mayRepeat: boolean) {
  const fresh = {
    ...newJob({ origin: "backfill", order: order ?? "asc", whole: reach, mayRepeat }),
    paused: paused ?? false,
  };
  const name = reader !== null && jobs.has(reader) ? reader : jobName(fresh);
  const known = jobs.get(name);
  if (known === undefined) return { name, job: fresh, reach };
  const all = hull(leftOf(known), reach);
  const whole = hull(known.whole, reach);
  return { name, job: { ...known, ...all, whole, pass: null, mayRepeat: known.mayRepeat || mayRepeat }, reach: all };
}

const hull = (a: Reach, b: Reach): Reach => ({
  fromMs: Math.min(a.fromMs, b.fromMs),
  untilMs: Math.max(a.untilMs, b.untilMs),
});

/**
 * Hours of what is read whose ids are not there. Where the export shows a life of the scan that this state does not go
 * back to, nothing is known from before it began: what that life has published since the export may lie there.
 */
function unknownHours(command: ImportCommand, { cursor, ledgers }: Standing, reach: Reach): number {
  const range = { fromMs: reach.fromMs, untilMs: reach.untilMs + 1 };
  const isOther = command.beganMs < cursor.beganMs || command.revision > cursor.revision;
  const beforeMs = isOther ? Math.max(0, Math.min(range.untilMs, cursor.beganMs) - range.fromMs) : 0;
  return forgottenHours({ ledgers, folded: cursor.folded }, range) + Math.ceil(beforeMs / SLICE_MS);
}

/** What is left of a stretch without others. */
function without(reach: Reach, others: readonly Reach[]): Reach[] {
  return others.reduce<Reach[]>(
    (rest, other) =>
      rest.flatMap((each) =>
        [
          { fromMs: each.fromMs, untilMs: Math.min(each.untilMs, other.fromMs - 1) },
          { fromMs: Math.max(each.fromMs, other.untilMs + 1), untilMs: each.untilMs },
        ].filter(({ fromMs, untilMs }) => fromMs <= untilMs),
      ),
    [reach],
  );
}
