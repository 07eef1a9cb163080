import type { Boundary } from "./bounds.ts";
import type { Cursor } from "./cursor.ts";
import type { PageFacts } from "./fold.ts";
import { endJobPass, type Job } from "./job.ts";
import type { Gap } from "./ledger.ts";
import { type Ask, PASSED_BY_MAX, type Pass } from "./pass.ts";
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

/** An instant that the API does not get past: the pass goes on beyond it, and the instant becomes a gap. */
export function passBy<R extends Reader>(
  reader: R,
  ask: Ask,
  where: { pass: Pass; at: Boundary },
  facts: Shown,
): Fold<R> {
  const { pass, at } = where;
  const detail = `the pass does not get past ${isoOf(at.atMs)}: that instant is opened as a gap`;
  const anomalies = [{ kind: "stall" as const, detail }];
  if (pass.gaps >= GAPS_MAX) {
    const broken = `${GAPS_MAX} instants in a row could not be read: the pass is left, and begins again later`;
    return {
      ...going(reader, pass),
      reader: { ...reader, pass: null },
      stuck: true,
      anomalies: [{ kind: "stall", detail: broken }],
    };
  }
  const gap: Gap = { fromMs: at.atMs, untilMs: at.atMs, reason: "stall" };
  const rest = at.ascending ? { fromMs: at.atMs + 1 } : { untilMs: at.atMs - 1 };
  const passedBy = [...pass.passedBy, at.atMs].slice(0, PASSED_BY_MAX);
  const beyond: Pass = { ...pass, ...rest, nextFilters: null, repeats: 0, sent: [], gaps: pass.gaps + 1, passedBy };
  const nothingLeft = beyond.untilMs !== null && beyond.untilMs < beyond.fromMs;
  if (nothingLeft) return { ...ended(reader, ask, beyond, facts, anomalies), gap };
  return { ...going(reader, beyond), gap, anomalies };
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

const isoOf = (ms: number): string => new Date(ms).toISOString();
