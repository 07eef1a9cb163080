import { isoOf } from "../kit/iso.ts";
import type { Boundary } from "./bounds.ts";
import type { Cursor } from "./cursor.ts";
import type { PageFacts } from "./fold.ts";
import { endJobPass, type Job } from "./job.ts";
import type { Gap } from "./ledger.ts";
import { type Ask, isOwn, PASSED_BY_MAX, type Pass } from "./pass.ts";
import { endPass, type LastPage } from "./tail.ts";

/** Gaps in a row, nothing between them, after which the API is taken to be broken rather than overfull. */
const GAPS_MAX = 3;

/** What of a page decides where its pass goes on. */
export type Shown = Pick<PageFacts, "activities" | "highestMs" | "serverNowMs">;

type PageAnomaly = "order_not_honoured" | "empty_page_with_next" | "empty_page_with_total" | "stall";

/** Whose pass a page belongs to: the tail, by its cursor, or a job. */
export type Reader = Cursor | Job;

/** A pass that has been read to its end. */
export interface EndedPass {
  readonly pass: Pass;
  readonly lastPage: LastPage;
}

/** What a page does to its reader, to be committed with its activities. */
export interface Fold<R extends Reader = Reader> {
  readonly reader: R;
  /** Null while the pass goes on. */
  readonly ended: EndedPass | null;
  /** Opened when a stall had to be passed by. */
  readonly gap: Gap | null;
  /** The API brings the pass no further whatever is asked: it is left, to be tried again later. */
  readonly stuck: boolean;
  readonly anomalies: readonly { readonly kind: PageAnomaly; readonly detail: string }[];
}

/** The pass goes on. */
export const going = <R extends Reader>(reader: R, pass: Pass): Fold<R> => ({
  reader: { ...reader, pass },
  ended: null,
  gap: null,
  stuck: false,
  anomalies: [],
});

/** What is left of a pass beyond an instant. Below it only where the pass is not split: its parts are read upwards. */
const beyond = (pass: Pass, { atMs, ascending }: Boundary): Pass =>
  ascending
    ? { ...pass, fromMs: atMs + 1, splits: pass.splits.filter((endMs) => endMs > atMs) }
    : { ...pass, untilMs: atMs - 1 };

/** The pass goes on beyond an instant, or is read to its end by that. */
export function goBeyond<R extends Reader>(
  reader: R,
  ask: Ask,
  { pass, at }: { pass: Pass; at: Boundary },
  facts: Shown,
): Fold<R> {
  const rest: Pass = { ...beyond(pass, at), nextFilters: null, sent: [], repeats: 0, nudged: false };
  const isNothingLeft = rest.untilMs !== null && rest.untilMs < rest.fromMs;
  return isNothingLeft ? ended(reader, ask, rest, facts, []) : going(reader, rest);
}

/**
 * An instant that the API does not get past: the pass goes on beyond it, and the instant becomes a gap, unless it lies
 * beside what the pass was opened over.
 */
export function passBy<R extends Reader>(
  reader: R,
  ask: Ask,
  where: { pass: Pass; at: Boundary },
  facts: Shown,
): Fold<R> {
  const { pass, at } = where;
  const isOwed = isOwn(pass, at.atMs);
  const becomes = isOwed ? "that instant is opened as a gap" : "that instant lies beside what is read";
  const anomalies = [{ kind: "stall" as const, detail: `the pass does not get past ${isoOf(at.atMs)}: ${becomes}` }];
  if (pass.gaps >= GAPS_MAX) {
    const broken = `${GAPS_MAX} instants in a row could not be read: the pass is left, and begins again later`;
    return {
      ...going(reader, pass),
      reader: { ...reader, pass: null },
      stuck: true,
      anomalies: [{ kind: "stall", detail: broken }],
    };
  }
  const passedBy = isOwed ? [...pass.passedBy, at.atMs].slice(0, PASSED_BY_MAX) : pass.passedBy;
  const gap: Gap | null = isOwed ? { fromMs: at.atMs, untilMs: at.atMs, reason: "stall" } : null;
  const onward = goBeyond(reader, ask, { pass: { ...pass, gaps: pass.gaps + 1, passedBy }, at }, facts);
  return { ...onward, gap, anomalies };
}

/** The pass is read to its end. */
export function ended<R extends Reader>(
  reader: R,
  ask: Ask,
  pass: Pass,
  facts: Shown,
  anomalies: Fold["anomalies"],
): Fold<R> {
  const lastPage = { activities: facts.activities, limit: ask.request.limit };
  const after = "origin" in reader ? endJobPass(reader, pass, lastPage) : endPass(reader, pass, lastPage);
  return { reader: after as R, ended: { pass, lastPage }, gap: null, stuck: false, anomalies };
}
