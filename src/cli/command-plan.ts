import { ConnectorError } from "../kit/errors.ts";
import type { CommandPlan } from "../scan/command.ts";
import { type Cost, type CostBasis, costOf, type Range, type SliceLedger } from "../scan/cost.ts";
import { type Cursor, decodeCursor } from "../scan/cursor.ts";
import { forgottenHours, repeatsRefusal } from "../scan/forgotten.ts";
import { cursorKey, decodeLedger, parseSliceKey } from "../scan/ledger.ts";
import { tailFromMs } from "../scan/tail.ts";
import type { CursorField } from "../tenant/request.ts";
import { iso } from "./instant.ts";

/** What is known of the scan that a command is for. */
export interface Target {
  readonly scan: string;
  /** Null before it is decided, or where there is no cursor that can be read. */
  readonly cursorField: CursorField | null;
  /** Null: there is no cursor that can be read. */
  readonly positionMs: number | null;
  /** The lowest value that the tail still asks for. */
  readonly tailFromMs: number | null;
  /** Where the scan began; null as of the position. */
  readonly beganMs: number | null;
  /** Where ledgers are folded away; ids there are forgotten. */
  readonly folded: Range | null;
  /** Null as the position. */
  readonly cursor: Cursor | null;
  readonly basis: CostBasis;
}

export type TargetConfig = Omit<CostBasis, "ledgers"> & Pick<Target, "scan">;

/** What a command will do and cost, before it is sent. Times are ISO 8601. */
export interface Plan {
  readonly scan: string;
  /** A sentence without an end. */
  readonly does: string;
  /** What is read because of it: `from` included, `until` excluded; null: nothing is. */
  readonly from: string | null;
  readonly until: string | null;
  /** Null: no requests. */
  readonly cost: (Cost & { readonly requestsPerMinute: number; readonly knownHours: number }) | null;
  /** What else there is to know; sentences without an end. */
  readonly notes: readonly string[];
  /** Hours in it whose ids are forgotten. */
  readonly forgottenHours: number;
  /** Why it will not be sent; null: it can be. */
  readonly refusal: string | null;
}

/** How far back tenants show activities as a rule; they are documented to keep them for 180 days. */
const SHOWN_MS = 30 * 24 * 3_600_000;

/** The plan with a word on what the tenant may not show any more. */
export function withRetention(plan: Plan, nowMs: number): Plan {
  if (plan.from === null || Date.parse(plan.from) >= nowMs - SHOWN_MS) return plan;
  const note =
    "tenants keep activities for 180 days, and may show those of the last 30 only: what one does not show any more is not read, without an error";
  return { ...plan, notes: [...plan.notes, note] };
}

export interface BackfillFlags {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly order: "asc" | "desc";
  readonly mayRepeat: boolean;
}

export interface ResetFlags {
  readonly toMs: number;
  readonly mayRepeat: boolean;
}

/** What a plan says that asks nothing of the tenant. */
export const plainPlan = ({ scan }: Pick<Target, "scan">, does: string, notes: readonly string[] = []): Plan => ({
  scan,
  does,
  from: null,
  until: null,
  cost: null,
  notes,
  forgottenHours: 0,
  refusal: null,
});

/** As much of a plan as goes with its command, and stays in the history. */
export const toldOf = ({ does, cost }: Plan): CommandPlan => ({
  does,
  activities: cost?.activities ?? null,
  requests: cost?.requests ?? null,
  minutes: cost?.minutes ?? null,
});

/** Reads what the committed state says of a scan, as far as it can be read. */
export function targetOf({ scan, ...basis }: TargetConfig, state: ReadonlyMap<string, Buffer>): Target {
  const record = state.get(cursorKey(scan));
  const cursor = record === undefined ? null : readable(() => decodeCursor(record, `scan ${scan}`));
  const cursorField = cursor?.cursorField ?? null;
  const ledgers = ledgersOf(scan, cursorField, state);
  const { positionMs = null, beganMs = null, folded = null } = cursor ?? {};
  const tailMs = cursor === null ? null : tailFromMs(cursor);
  const basisAndLedgers = { ledgers, ...basis };
  return { scan, cursorField, positionMs, tailFromMs: tailMs, beganMs, folded, cursor, basis: basisAndLedgers };
}

function ledgersOf(scan: string, field: CursorField | null, state: ReadonlyMap<string, Buffer>): SliceLedger[] {
  const ledgers: SliceLedger[] = [];
  for (const [key, value] of state) {
    const slice = parseSliceKey(key);
    if (slice === null || slice.scan !== scan || slice.cursorField !== field || slice.chunk !== null) continue;
    const ledger = readable(() => decodeLedger(value, key));
    if (ledger !== null) ledgers.push({ ...ledger, sliceMs: slice.sliceMs });
  }
  return ledgers;
}

function readable<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConnectorError) return null;
    throw error;
  }
}

export function planBackfill(target: Target, { fromMs, untilMs, order, mayRepeat }: BackfillFlags): Plan {
  const first = order === "desc" ? "newest" : "oldest";
  const does = `read ${stretch(target, fromMs, untilMs)} once more, the ${first} first`;
  return planOf(target, does, { fromMs, untilMs, mayRepeat });
}

/** Backwards, all from `toMs` to the position is read once more; forwards, what lies between is not read at all. */
export function planReset(target: Target, { toMs, mayRepeat }: ResetFlags): Plan {
  const { positionMs } = target;
  if (positionMs === null) {
    const plan = planOf(target, `set the position to ${iso(toMs)}`, { fromMs: toMs, untilMs: toMs, mayRepeat });
    return { ...plan, refusal: UNREADABLE };
  }
  const moved = `move the position from ${iso(positionMs)} to ${iso(toMs)}`;
  if (toMs > positionMs) {
    const does = `${moved}, so that the tail does not read what lies between`;
    return plainPlan(target, does, ["what lies between is open as a gap; `backfill add` would read it all the same"]);
  }
  const does = `${moved} and read ${stretch(target, toMs, positionMs)} once more`;
  return planOf(target, does, { fromMs: toMs, untilMs: positionMs, mayRepeat });
}

/** Read again is what the scan has read; nothing that is forgotten is published by that. */
export function planVerify(target: Target, range: Range): Plan {
  const { positionMs, beganMs } = target;
  const fromMs = range.fromMs;
  const untilMs = Math.min(range.untilMs, positionMs ?? range.untilMs);
  const does = `read ${stretch(target, fromMs, untilMs)} once more and compare it with what was published`;
  const plan = { ...planOf(target, does, { fromMs, untilMs, mayRepeat: true }), forgottenHours: 0 };
  if (positionMs === null || beganMs === null) return { ...plan, refusal: UNREADABLE };
  const has = `${iso(beganMs)} to ${iso(positionMs)}`;
  return fromMs < untilMs ? plan : { ...plan, refusal: `nothing of it has been read: the scan has ${has}` };
}

export const UNREADABLE = "the scan has no cursor that can be read: see `cursor show`";

function stretch({ cursorField }: Target, fromMs: number, untilMs: number): string {
  const along = cursorField === null ? "" : ` along ${cursorField}`;
  return `${iso(fromMs)} to ${iso(untilMs)}${along}`;
}

function planOf(
  { scan, basis, folded }: Target,
  does: string,
  { fromMs, untilMs, mayRepeat }: { fromMs: number; untilMs: number; mayRepeat: boolean },
): Plan {
  const { requestsPerMinute, ledgers } = basis;
  const forgotten = forgottenHours({ ledgers, folded }, { fromMs, untilMs });
  const refusal = forgotten === 0 || mayRepeat ? null : repeatsRefusal(forgotten);
  const cost = { ...costOf({ fromMs, untilMs }, basis), requestsPerMinute, knownHours: ledgers.length };
  return { scan, does, from: iso(fromMs), until: iso(untilMs), cost, notes: [], forgottenHours: forgotten, refusal };
}

/** `1 hour`, `2 hours`. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** For people: what it does, what it costs, and what is doubtful about either. */
export function planLines({ scan, does, cost, notes, forgottenHours, refusal }: Plan): string[] {
  const lines = [`scan ${scan}: ${does}`, ...costLines(cost), ...notes.map((note) => `  ${note}`)];
  if (forgottenHours > 0 && refusal === null) {
    lines.push(
      `  the ids of ${counted(forgottenHours, "hour")} in it are forgotten: what was published there will be published again`,
    );
  }
  return lines;
}

/** What is read costs so much. */
export function costText({ activities, requests, minutes }: Pick<Cost, "activities" | "requests" | "minutes">): string {
  const read = `about ${counted(activities, "activity", "activities")} in ${counted(requests, "request")}`;
  return `${read}, ${minutes.toFixed(1)} minutes`;
}

function costLines(cost: Plan["cost"]): string[] {
  if (cost === null) return ["cost: no requests"];
  const { measured, knownHours, requestsPerMinute } = cost;
  const lines = [`cost: ${costText(cost)} of a budget of ${requestsPerMinute} a minute`];
  if (!measured) {
    lines.push(
      knownHours === 0
        ? "  a guess: nothing is known of any hour of this scan, so it may be much more"
        : `  an estimate: hours that were never read are taken at the mean of the ${knownHours} known ones`,
    );
  }
  return lines;
}
