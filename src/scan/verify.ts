import { z } from "zod";
import { digestText, EMPTY_DIGEST } from "./digest.ts";
import type { Ledger } from "./ledger.ts";
import { count, epochMs, PASSED_BY_MAX, type Pass } from "./pass.ts";
import type { PassIds } from "./pass-ids.ts";
import { SLICE_MS, sliceOf } from "./slice.ts";

const partSchema = z.strictObject({
  sliceMs: epochMs,
  /** Ids that the API has shown of it so far, each once, and the exclusive-or of them all. */
  ids: count,
  digest: digestText,
  /** Ids in the slice's ledger when its first pass began, and what the job itself has published there since. */
  before: count,
  own: count,
  /** Why its passes prove nothing; null: they do. */
  doubt: z.string().nullable(),
});

/** What is known of a slice whose reading is not done, or has just been. */
type Part = Readonly<z.infer<typeof partSchema>>;

export const verifySchema = z.strictObject({
  equal: count,
  different: count,
  /** Slices that could not be judged, by why. */
  unjudged: z.record(z.string(), count),
  /** The slice of which completed passes have read the beginning; null: none. */
  part: partSchema.nullable(),
  /** Records in which the job has told what the API showed it. */
  told: count.default(0),
});

/** How far a verify job has compared, slice by slice; part of its record. */
export type Verify = Readonly<z.infer<typeof verifySchema>>;

export const NEW_VERIFY: Verify = { equal: 0, different: 0, unjudged: {}, part: null, told: 0 };

/** What the comparisons of slices have come to. */
export interface VerifyCounts {
  readonly equal: number;
  readonly different: number;
  readonly unjudged: number;
}

export function countsOf({ equal, different, unjudged }: Verify): VerifyCounts {
  return { equal, different, unjudged: Object.values(unjudged).reduce((sum, slices) => sum + slices, 0) };
}

/** What a slice's comparison came to. */
export interface JudgedSlice {
  readonly sliceMs: number;
  readonly verdict: keyof VerifyCounts;
  /** Ids published or dead-lettered, by the ledger. */
  readonly published: number;
  /** Ids that the API shows, and their exclusive-or. */
  readonly shown: number;
  readonly digest: string;
  /** Why it could not be judged, for people; null: it was. */
  readonly reason: string | null;
}

/** What a verify job is judged by. */
export interface Judges {
  /** What it was given to read; only slices that lie in it as a whole are judged. Inclusive. */
  readonly whole: { readonly fromMs: number; readonly untilMs: number };
  /** With what this change adds. */
  ledgerOf(sliceMs: number): Ledger;
  /** Why a slice's ledger does not say what ought to be there; null: it does. */
  excuse(sliceMs: number): string | null;
}

/**
 * What a completed pass of a verify job, which reads its stretch from the oldest on, comes to: the slices that are
 * read to their end are judged, of the one that is not the beginning is kept. Purely by ids that were shown: so it
 * holds where they are forgotten, too.
 */
export function judge(
  verify: Verify,
  pass: Pass,
  seen: PassIds,
  judges: Judges,
): { readonly verify: Verify; readonly slices: readonly JudgedSlice[] } {
  const reachMs = pass.reachMs ?? pass.baseMs;
  const slices: JudgedSlice[] = [];
  let part = verify.part;
  for (let sliceMs = sliceOf(pass.baseMs); sliceMs <= reachMs; sliceMs += SLICE_MS) {
    part = joined(part, partOf(pass, seen, sliceMs));
    const isRead = reachMs >= Math.min(sliceMs + SLICE_MS - 1, judges.whole.untilMs);
    if (!isRead) break;
    slices.push(judged(part, judges));
    part = null;
  }
  return { verify: { ...slices.reduce(counted, verify), part }, slices };
}

function counted(verify: Verify, { verdict, reason }: JudgedSlice): Verify {
  if (verdict !== "unjudged") return { ...verify, [verdict]: verify[verdict] + 1 };
  const { unjudged } = verify;
  const why = reason ?? "";
  return { ...verify, unjudged: { ...unjudged, [why]: (unjudged[why] ?? 0) + 1 } };
}

function partOf(pass: Pass, seen: PassIds, sliceMs: number): Part {
  const { doubt, ...slice } = seen.of(sliceMs);
  const isPassedBy = pass.passedBy.length >= PASSED_BY_MAX || pass.passedBy.some((atMs) => sliceOf(atMs) === sliceMs);
  const own = isPassedBy ? "not all of it could be read" : pass.doubtful ? "its pages contradicted themselves" : null;
  return { sliceMs, ...slice, doubt: doubt ?? own };
}

/** Two passes of one job share no id: their stretches are disjoint. */
function joined(first: Part | null, next: Part): Part {
  if (first === null || first.sliceMs !== next.sliceMs) return next;
  return {
    sliceMs: next.sliceMs,
    ids: first.ids + next.ids,
    digest: exclusiveOr(first.digest, next.digest),
    before: first.before,
    own: first.own + next.own,
    doubt: first.doubt ?? next.doubt,
  };
}

function exclusiveOr(a: string, b: string): string {
  const sum = (BigInt(`0x${a}`) ^ BigInt(`0x${b}`)).toString(16);
  return sum.padStart(EMPTY_DIGEST.length, "0");
}

function judged(part: Part, judges: Judges): JudgedSlice {
  const { sliceMs, ids: shown, digest } = part;
  const ledger = judges.ledgerOf(sliceMs);
  const isEqual = ledger.ids === shown && ledger.digest === digest;
  const excuse = () => judges.excuse(sliceMs) ?? lettersOf(part, ledger);
  const reason = doubtOf(part, ledger, judges) ?? (isEqual ? null : excuse());
  const verdict = reason !== null ? "unjudged" : isEqual ? "equal" : "different";
  return { sliceMs, verdict, published: ledger.ids, shown, digest, reason };
}

/** Why a slice's two sides cannot be compared, whatever they are. */
function doubtOf({ sliceMs, doubt, before, own }: Part, ledger: Ledger, { whole }: Judges): string | null {
  if (sliceMs < whole.fromMs || sliceMs + SLICE_MS - 1 > whole.untilMs) return "it is not read as a whole";
  if (doubt !== null) return doubt;
  return ledger.ids === before + own ? null : "another reader published there while it was read";
}

/** A dead letter without a legible time is in the ledger of the hour in which it was read, and shows elsewhere. */
function lettersOf({ ids }: Part, ledger: Ledger): string | null {
  const fewer = ledger.ids - ids;
  const isExplained = ledger.deadLettered > 0 && fewer >= 0 && fewer <= ledger.deadLettered;
  return isExplained ? "it holds dead letters, which may have no legible time" : null;
}
