import type { TenantPort } from "../connector/tenant-run.ts";
import type { Clock } from "../kit/clock.ts";
import { ConnectorError } from "../kit/errors.ts";
import { firstFilters } from "../scan/pass.ts";
import type { Answer } from "../tenant/answer.ts";
import type { CursorField, PageRequest } from "../tenant/request.ts";
import { Asker, type AskerDeps } from "./asker.ts";
import { editedNext } from "./probe-next.ts";
import {
  crowdsOf,
  lastInstant,
  lowest,
  orderOf,
  type Question,
  type Sight,
  SightTaker,
  valuesOf,
} from "./probe-sight.ts";

/** Whatever happens, a probe asks no more often than this. */
export const REQUESTS_MAX = 12;
/** How far back it looks. */
export const REACH_DAYS = 30;

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
/** The API's most and least. */
const LIMIT_MAX = 5_000;
const LIMIT_MIN = 500;
/** No page is known to hold fewer. */
const CROWD_MAX = 90;
/** So many of the newest are asked for again at the end. */
const AGAIN_MAX = 400;

/** All that a probe has seen. What it did not come to is null. */
export interface Course {
  /** Activities whose time lies a day ahead. */
  ahead: Sight | null;
  /** Which time the others were asked along: `created`, unless the first showed that it means nothing. */
  field: CursorField;
  /** The newest, and narrower stretches where it showed nothing though it says that there is something. */
  newest: Sight[];
  /** What lies before the newest page, by bounds of our own. */
  older: Sight | null;
  /** A page with more to come, ascending; the page that its next filters lead to; and the same by bounds of our own. */
  first: Sight | null;
  second: Sight | null;
  beyond: Sight | null;
  /** Whether the first page's next filters were taken when they came back with another bound. */
  edited: "taken" | "refused" | null;
  /** One instant that is known to hold something, and how much. */
  instant: { readonly sight: Sight; readonly known: number } | null;
  /** The same from the whole second on. */
  wholeSecond: Sight | null;
  /** Along the other time. */
  date: Sight | null;
  /** The newest once more, at the end. */
  again: Sight | null;
  /** Requests sent. */
  requests: number;
  /** Answers that were no page, by what they were. */
  troubles: Map<string, number>;
  /** Whether all was asked that made sense. */
  complete: boolean;
  /** What ended the course early; null: nothing did, or its requests were used up. */
  failure: ConnectorError | null;
}

class Spent extends Error {}

/**
 * Asks what tells one API from another, the cheap and deciding first. What fails once something was seen ends the
 * course; what was seen counts.
 * @throws ConnectorError with its remedy where not even the first question is answered; the reason of `signal`.
 */
export async function runCourse(deps: AskerDeps, signal: AbortSignal): Promise<Course> {
  const course: Course = {
    ahead: null,
    field: "created",
    newest: [],
    older: null,
    first: null,
    second: null,
    beyond: null,
    edited: null,
    instant: null,
    wholeSecond: null,
    date: null,
    again: null,
    requests: 0,
    troubles: new Map(),
    complete: false,
    failure: null,
  };
  try {
    await follow(course, new Prober(course, deps), deps.clock, signal);
    course.complete = true;
  } catch (error) {
    if (error instanceof Spent) return course;
    if (!(error instanceof ConnectorError) || course.ahead === null) throw error;
    course.failure = error;
  }
  return course;
}

async function follow(course: Course, prober: Prober, clock: Clock, signal: AbortSignal): Promise<void> {
  const ask = (question: Question, filters?: string) => prober.ask(question, filters, signal);
  const future = { fromMs: clock.nowMs() + DAY_MS, untilMs: null, direction: "asc", limit: LIMIT_MIN } as const;
  course.ahead = await ask({ field: "created", ...future });
  if (course.ahead !== null && course.ahead.seen.length > 0) course.field = "date";
  const nowMs = course.ahead?.serverNowMs ?? clock.nowMs();
  await askNewest(course, nowMs, ask);
  const newest = course.newest.at(-1);
  if (newest === undefined || newest.seen.length === 0) return;
  if (newest.hasNext) course.older = await ask(beyondOf(newest));
  if (newest.hasNext || newest.seen.length > LIMIT_MIN) await askPaging(course, nowMs, ask);
  await askInstant(course, ask);
  if (course.field === "created") course.date = await ask(alongDate(newest));
  course.again = await ask(againOf(newest));
}

type Ask = (question: Question, filters?: string) => Promise<Sight | null>;

/** Where nothing is shown though there is said to be something, shorter stretches may hold less than is too much. */
async function askNewest(course: Course, nowMs: number, ask: Ask): Promise<void> {
  for (const reachMs of [REACH_DAYS * DAY_MS, DAY_MS, 3_600_000]) {
    const fromMs = offSecond(nowMs - reachMs);
    const sight = await ask({ field: course.field, fromMs, untilMs: null, direction: "desc", limit: LIMIT_MAX });
    if (sight === null) return;
    course.newest.push(sight);
    if (sight.seen.length > 0 || (!sight.hasNext && (sight.total ?? 0) === 0)) return;
  }
}

async function askPaging(course: Course, nowMs: number, ask: Ask): Promise<void> {
  const shown = [...course.newest, ...(course.older === null ? [] : [course.older])];
  const fromMs = offSecond(lowest(shown.flatMap(valuesOf)) - 1);
  const first = await ask({ field: course.field, fromMs, untilMs: nowMs, direction: "asc", limit: LIMIT_MIN });
  course.first = first;
  if (first === null || first.nextFilters === null || !first.hasNext) return;
  course.second = await ask(first.asked, first.nextFilters);
  if (first.seen.length > 0) course.beyond = await ask(beyondOf(first));
  const edited = editedNext(first);
  if (edited === null) return;
  course.edited = (await ask(first.asked, edited)) === null ? "refused" : "taken";
}

/** What comes after a page, by bounds and not by its next filters. */
function beyondOf(sight: Sight): Question {
  const { asked } = sight;
  const lastMs = lastInstant(sight) ?? asked.fromMs;
  const descends = (orderOf(sight) ?? asked.direction) === "desc";
  return descends
    ? { ...asked, untilMs: lastMs - 1, limit: LIMIT_MIN }
    : { ...asked, fromMs: offSecond(lastMs + 1), limit: LIMIT_MIN };
}

/** A crowd that surely fits in a page, the larger the better; rather between seconds than on one. */
async function askInstant(course: Course, ask: Ask): Promise<void> {
  const pages = [...course.newest, ...[course.older, course.first, course.beyond].filter((sight) => sight !== null)];
  const crowds = [...crowdsOf(pages, course.field)].map(([atMs, ids]) => ({ atMs, known: ids.size }));
  const between = crowds.filter(({ atMs }) => atMs % SECOND_MS !== 0);
  const size = ({ known }: { known: number }) => (known <= CROWD_MAX ? known : 1 / known);
  const [best] = (between.length > 0 ? between : crowds).sort((a, b) => size(b) - size(a) || b.atMs - a.atMs);
  if (best === undefined) return;
  const { atMs, known } = best;
  const question: Question = { field: course.field, fromMs: atMs, untilMs: atMs, direction: "asc", limit: LIMIT_MAX };
  const sight = await ask(question);
  if (sight !== null) course.instant = { sight, known };
  course.wholeSecond = await ask({ ...question, fromMs: Math.floor(atMs / SECOND_MS) * SECOND_MS });
}

/** The stretch of the newest page along `date`. */
function alongDate({ seen }: Sight): Question {
  const values = seen.map(({ dateMs }) => dateMs).filter((value) => value !== null);
  const fromMs = values.length === 0 ? 0 : offSecond(lowest(values) - 1);
  return { field: "date", fromMs, untilMs: null, direction: "asc", limit: LIMIT_MIN };
}

/** No newer ones: on a busy tenant they would fill the page. */
function againOf(newest: Sight): Question {
  const values = valuesOf(newest).sort((a, b) => b - a);
  const fromMs = offSecond((values[Math.min(AGAIN_MAX, values.length) - 1] ?? newest.asked.fromMs) - 1);
  return { ...newest.asked, fromMs, untilMs: values[0] ?? null, limit: LIMIT_MAX };
}

/** A lower bound that stands on no whole second: some answers to such a bound are nothing. */
const offSecond = (ms: number): number => (ms % SECOND_MS === 0 ? ms - 1 : ms);

/** Asks within the budget and the count, and notes what was no page. */
class Prober {
  readonly #course: Course;
  readonly #asker: Asker;

  constructor(course: Course, deps: AskerDeps) {
    this.#course = course;
    const client: TenantPort = {
      credentialExpiresAtMs: null,
      fetchPage: (request, take, signal) => this.#fetch(deps.client, request, take, signal),
    };
    this.#asker = new Asker({ ...deps, client });
  }

  /** Null: the API refuses the request, or what came is too large. @param filters in place of the question's own. */
  async ask(question: Question, filters: string | undefined, signal: AbortSignal): Promise<Sight | null> {
    const { field, direction, limit } = question;
    const own = filters ?? JSON.stringify(firstFilters({}, field, question));
    const request = { filters: own, sortField: field, sortDirection: direction, limit };
    const { answer, taker } = await this.#asker.ask(request, () => new SightTaker(), signal);
    const { verdict, serverNowMs, readAtMs, durationMs } = answer;
    if (verdict.kind !== "page") return null;
    const { hasNext, nextFilters, total, leads = false } = verdict;
    const { seen } = taker;
    return { asked: question, seen, hasNext, nextFilters, total, leads, serverNowMs, readAtMs, durationMs };
  }

  async #fetch(client: TenantPort, request: PageRequest, take: SightTaker["take"], signal: AbortSignal) {
    const course = this.#course;
    if (course.requests === REQUESTS_MAX) throw new Spent();
    course.requests += 1;
    const answer = await client.fetchPage(request, take, signal);
    const trouble = troubleNameOf(answer);
    if (trouble !== null) course.troubles.set(trouble, (course.troubles.get(trouble) ?? 0) + 1);
    return answer;
  }
}

/** A closed list: no word of the API's own. */
function troubleNameOf({ verdict, status }: Answer): string | null {
  if (verdict.kind === "page") return null;
  return status === null ? `${verdict.kind}, no response` : `${verdict.kind}, status ${status}`;
}
