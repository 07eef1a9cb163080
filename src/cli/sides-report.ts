import type { HourTally, Summed } from "../scan/hour-tally.ts";
import type { Ledger } from "../scan/ledger.ts";
import type { Listed, Named, Sides } from "../scan/sides.ts";
import { SLICE_MS, sliceOf } from "../scan/slice.ts";
import type { ScanState } from "../scan/state.ts";
import { counted } from "./command-plan.ts";
import { iso } from "./instant.ts";

/** An activity that differs. `at`: of the cursor field, ISO 8601. */
interface Differing {
  readonly id: string;
  readonly at: string;
}

/**
 * What the ledger says of an activity that the topic lacks: `never` published; `before`: it was, and is gone; or its
 * hour's ids are forgotten, and count and digest fit neither.
 */
export type Publication = "never" | "before" | "unknown";

/** What the comparison by ids came to. */
export type IdReport = { readonly kind: "not_compared"; readonly reason: string } | ComparedIds;

export interface ComparedIds {
  readonly kind: "compared";
  readonly from: string;
  readonly until: string;
  /** Activities that the API shows, that are published, and that are dead-lettered. */
  readonly shown: number;
  readonly published: number;
  readonly deadLettered: number;
  readonly missing: Listed<Differing & { readonly published: Publication }>;
  readonly extra: Listed<Differing>;
  readonly changed: Listed<Differing>;
  readonly twice: Listed<Differing & { readonly times: number }>;
  /** Hours whose ids are forgotten, of which the ledger counts something else than the topic and the dead letters hold. */
  readonly ledger: readonly { readonly hour: string; readonly counted: number; readonly held: number }[];
  /** Shown, and so old that retention may have taken them out of the topic: not judged. */
  readonly gone: number;
  /** Published without their exact JSON: whether they changed is not judged. */
  readonly withoutRaw: number;
  /** Records of the scan that cannot be read. */
  readonly unreadable: number;
}

/** What the sides are judged by. */
export interface JudgedBy {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly state: ScanState | null;
  readonly extra: Listed;
  readonly unreadable: number;
  /** Whether the topic still holds all that was published of an hour. */
  isKept(sliceMs: number): boolean;
}

export function reportOf(sides: Sides, by: JudgedBy): ComparedIds {
  const { counts, missing, changed, twice } = sides;
  return {
    kind: "compared",
    from: iso(by.fromMs),
    until: iso(by.untilMs),
    shown: counts.shown,
    published: counts.published,
    deadLettered: counts.letters,
    missing: listed(missing, (each) => ({ ...differing(each), published: publicationOf(each, sides, by.state) })),
    extra: listed(by.extra, differing),
    changed: listed(changed, differing),
    twice: listed(twice, (each) => ({ ...differing(each), times: each.times })),
    ledger: ledgersOf(sides.published, by),
    gone: counts.gone,
    withoutRaw: counts.blank,
    unreadable: by.unreadable,
  };
}

/** The earliest first. */
function listed<T extends Named, U>({ count, listed: all }: Listed<T>, as: (each: T) => U): Listed<U> {
  return { count, listed: [...all].sort((a, b) => a.valueMs - b.valueMs).map(as) };
}

const differing = ({ text, valueMs }: Named): Differing => ({ id: text, at: iso(valueMs) });

/** What the ledger says of a missing activity. @param state as it is now; null: there is none. */
export function publicationOf({ id, valueMs }: Named, sides: Sides, state: ScanState | null): Publication {
  if (state === null) return "unknown";
  const sliceMs = sliceOf(valueMs);
  const { folded } = state.cursor;
  if (folded !== null && sliceMs >= folded.fromMs && sliceMs < folded.untilMs) return "unknown";
  const ledger = state.slices.ledgerOf(sliceMs);
  if (ledger.remembered) return state.slices.has(id) ? "before" : "never";
  if (isSame(ledger, sides.published.of(sliceMs))) return "never";
  return isSame(ledger, sides.published.with(sides.missingByHour, sliceMs)) ? "before" : "unknown";
}

const isSame = ({ ids, digest }: Ledger, held: Summed): boolean => ids === held.ids && digest === held.digest;

function ledgersOf(published: HourTally, { state, fromMs, untilMs, isKept }: JudgedBy): ComparedIds["ledger"] {
  const hours = (state?.slices.ledgers ?? []).filter(
    ([sliceMs, { remembered, repeated, deadLettered }]) =>
      sliceMs >= fromMs &&
      sliceMs + SLICE_MS <= untilMs &&
      // What is remembered may change meanwhile; repeats are counted there, and a dead letter's hour may be another.
      !remembered &&
      repeated + deadLettered === 0 &&
      isKept(sliceMs),
  );
  return hours
    .filter(([sliceMs, ledger]) => !isSame(ledger, published.of(sliceMs)))
    .map(([sliceMs, { ids }]) => ({ hour: iso(sliceMs), counted: ids, held: published.of(sliceMs).ids }));
}

/** Whether the ids that could be compared differ nowhere. */
export function agrees(report: IdReport): boolean {
  if (report.kind === "not_compared") return false;
  const { missing, extra, changed, twice, ledger, unreadable } = report;
  return missing.count + extra.count + changed.count + twice.count + ledger.length + unreadable === 0;
}

/** Differences of a kind that are named for people. */
const LINES_MAX = 10;

const PUBLICATIONS: Readonly<Record<Publication, string>> = {
  never: "never published",
  before: "published once, and gone from the topic",
  unknown: "whether it was ever published cannot be told",
};

/** For people. */
export function idLines(report: IdReport): string[] {
  if (report.kind === "not_compared") return [`ids could not be compared: ${report.reason}`];
  const { shown, published, deadLettered, missing, extra, changed, twice } = report;
  return [
    `${counted(shown, "activity", "activities")} shown by the API, ${published} published, ${deadLettered} dead-lettered: ` +
      `${missing.count} missing, ${extra.count} extra, ${changed.count} changed, ${twice.count} published twice`,
    ...named("missing", missing, (each) => `, ${PUBLICATIONS[each.published]}`),
    ...named("extra, published and not shown", extra),
    ...named("changed since it was published", changed),
    ...named("published twice", twice, ({ times }) => (times === 2 ? "" : `, ${times} times`)),
    ...remarks(report),
  ];
}

function named<T extends Differing>(
  what: string,
  { count, listed: all }: Listed<T>,
  more: (each: T) => string = () => "",
) {
  const lines = all.slice(0, LINES_MAX).map((each) => `  ${what}: ${each.id} of ${each.at}${more(each)}`);
  if (count <= LINES_MAX) return lines;
  const which = all.length === count ? "them" : `the first ${all.length}`;
  return [...lines, `  and ${count - LINES_MAX} more; --output json has ${which}`];
}

function remarks({ ledger, gone, withoutRaw, unreadable }: ComparedIds): string[] {
  const hours = ledger.slice(0, LINES_MAX).map(({ hour, counted: ids, held }) => {
    return `  ${hour}: the ledger counts ${ids}, the topic holds ${held}`;
  });
  const lines = ledger.length <= LINES_MAX ? hours : [...hours, `  and ${ledger.length - LINES_MAX} more such hours`];
  if (gone > 0) {
    const who = counted(gone, "activity", "activities");
    lines.push(`  not judged: ${who} not in the topic, but older than what its retention has left`);
  }
  if (withoutRaw > 0) {
    const who = counted(withoutRaw, "activity was", "activities were");
    lines.push(`  not judged: whether ${who} changed, published without raw`);
  }
  if (unreadable > 0) lines.push(`  ${counted(unreadable, "record")} of the scan cannot be read`);
  return lines;
}
