import { isJsonObject } from "../activity/read.ts";
import { type Command, decodeCommand, isCommandKey } from "../scan/command.ts";
import { type Cost, costOf } from "../scan/cost.ts";
import { counted, type Target } from "./command-plan.ts";
import { whatOf } from "./command-text.ts";
import { iso } from "./instant.ts";
import { table } from "./table.ts";

/** A range job as the state has it, for people and programs. Times are ISO 8601; null: not legible. */
export interface JobView {
  readonly scan: string;
  /** What `--job` takes: `backfill/<from>`, `recovery/<from>` or `verify/<from>`. */
  readonly job: string;
  readonly origin: string | null;
  readonly state: "running" | "paused" | "unreadable";
  readonly order: "newest-first" | "oldest-first" | null;
  readonly whole: { readonly from: string; readonly until: string } | null;
  readonly left: { readonly from: string; readonly until: string } | null;
  readonly leftCost: Cost | null;
  /** The share of its stretch that is read. */
  readonly done: number | null;
  readonly counts: Readonly<Record<(typeof COUNTS)[number], number | null>>;
}

/** A command that no owner has applied yet. */
export interface QueuedView {
  readonly scan: string;
  readonly id: string;
  readonly action: Command["action"];
  readonly what: string;
  readonly at: string;
  readonly by: string;
}

const COUNTS = ["pages", "read", "published", "duplicates"] as const;
const JOB = /^(backfill|recovery|verify)\//;

/** The scan's range jobs, in the state's order. Their records are another program's as well: what is legible is shown. */
export function jobsOf(target: Target, state: ReadonlyMap<string, Buffer>): JobView[] {
  const jobs: JobView[] = [];
  for (const [key, value] of state) {
    const { scan, reader } = membersOf(key);
    if (scan !== target.scan || typeof reader !== "string" || !JOB.test(reader)) continue;
    jobs.push(jobOf(target, reader, membersOf(value.toString("utf8"))));
  }
  return jobs;
}

function jobOf({ scan, basis }: Target, job: string, members: Members): JobView {
  const { origin, order, paused, whole, counts } = members;
  const left = stretchOf(members);
  const counted = objectOf(counts);
  const count = (name: (typeof COUNTS)[number]): number | null => numberOf(counted[name]);
  return {
    scan,
    job,
    origin: typeof origin === "string" ? origin : null,
    state: left === null ? "unreadable" : paused === true ? "paused" : "running",
    order: order === "desc" ? "newest-first" : order === "asc" ? "oldest-first" : null,
    whole: shown(stretchOf(objectOf(whole))),
    left: shown(left),
    leftCost: left === null ? null : costOf(left, basis),
    done: shareRead(stretchOf(objectOf(whole)), left),
    counts: {
      pages: count("pages"),
      read: count("read"),
      published: count("published"),
      duplicates: count("duplicates"),
    },
  };
}

/** The scan's commands that wait for an owner; those that cannot be read are nobody's and are left out. */
export function queuedOf(scan: string, state: ReadonlyMap<string, Buffer>): QueuedView[] {
  const queued: QueuedView[] = [];
  for (const [key, value] of state) {
    const decoded = isCommandKey(key) ? decodeCommand(key, value) : null;
    if (decoded?.kind !== "read" || decoded.value.scan !== scan) continue;
    const { id, action, at, by } = decoded.value;
    queued.push({ scan, id, action, what: whatOf(decoded.value), at, by });
  }
  return queued;
}

type Reach = { readonly fromMs: number; readonly untilMs: number } | null;

/** Both are inclusive. To a thousandth. */
function shareRead(whole: Reach, left: Reach): number | null {
  if (whole === null || left === null) return null;
  const length = (reach: NonNullable<Reach>) => Math.max(0, reach.untilMs - reach.fromMs + 1);
  return length(whole) === 0 ? null : Math.round(1_000 * (1 - length(left) / length(whole))) / 1_000;
}

const COUNTED = ["PAGES", "READ", "PUBLISHED", "DUPLICATES"];
const HEAD = ["SCAN", "JOB", "STATE", "ORDER", "FROM", "UNTIL", "DONE", "LEFT", ...COUNTED];

/** For people: a row a job, and below it what is queued. */
export function jobLines(jobs: readonly JobView[], queued: readonly QueuedView[]): string[] {
  if (jobs.length === 0 && queued.length === 0) return ["there are no jobs"];
  const below = queued.map(({ scan, what, at, by, id }) => `queued: scan ${scan}: ${what}, by ${by} at ${at} (${id})`);
  return [...(jobs.length === 0 ? [] : table([HEAD, ...jobs.map(row)])), ...below];
}

function row({ scan, job, state, order, whole, done, leftCost, counts }: JobView): string[] {
  const share = done === null ? "-" : `${Math.floor(100 * done)} %`;
  const left = leftCost === null ? "-" : `${counted(leftCost.requests, "request")}, ${leftCost.minutes.toFixed(1)} min`;
  const numbers = COUNTS.map((name) => String(counts[name] ?? "-"));
  return [scan, job, state, order ?? "-", whole?.from ?? "-", whole?.until ?? "-", share, left, ...numbers];
}

type Members = Readonly<Record<string, unknown>>;

/** The members of a JSON object; none for any other text. */
function membersOf(text: string): Members {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return {};
  }
}

const objectOf = (value: unknown): Members => (isJsonObject(value) ? value : {});

const numberOf = (value: unknown): number | null =>
  typeof value === "number" && Number.isSafeInteger(value) ? value : null;

function stretchOf({ fromMs, untilMs }: Members): { fromMs: number; untilMs: number } | null {
  const [from, until] = [numberOf(fromMs), numberOf(untilMs)];
  return from === null || until === null ? null : { fromMs: from, untilMs: until };
}

const shown = (stretch: { fromMs: number; untilMs: number } | null): { from: string; until: string } | null =>
  stretch === null ? null : { from: iso(stretch.fromMs), until: iso(stretch.untilMs) };
