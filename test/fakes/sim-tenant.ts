import type { TenantPort } from "../../src/connector/tenant-run.ts";
import type { Clock } from "../../src/kit/clock.ts";
import type { Answer, TakeActivity, Verdict } from "../../src/tenant/answer.ts";
import type { PageRequest } from "../../src/tenant/request.ts";

export interface SimActivity {
  readonly id: string;
  readonly createdMs: number;
  readonly dateMs: number;
  /** From when on queries show it. */
  readonly visibleMs: number;
  /** Its `appId`, which the filter of that name means; none by default. */
  readonly service?: number;
  /** What the API sends of it; else a small activity with its id and times. */
  readonly body?: Buffer;
}

/** What the next request gets instead of its page, which may be one of its own making; null: its page. */
export type Fault = (request: PageRequest, number: number, take: TakeActivity) => Verdict | null;

export interface SimOptions {
  readonly clock: Clock;
  /** What the API believes a page's limit to be, whatever was asked. */
  readonly pageCeiling: number;
  readonly fault?: Fault;
  /** Answers as if no filter on `created` had been sent. */
  readonly ignoreCreated?: boolean;
  readonly next?: "echo" | "boundary" | "date" | "opaque" | "other";
  /** Newest first whatever is asked. */
  readonly descending?: boolean;
  /**
   * Finds nothing, though it counts, where a bound is exactly the instant of an activity; `again`: and says that the
   * same comes next.
   */
  readonly emptyAtInstant?: boolean | "again";
  /** Says that there is more, and not how to ask for it. */
  readonly lacksNext?: boolean;
  /** Called and awaited before a request arrives and after its answer is known. */
  readonly step?: (name: "tenant.request" | "tenant.answer") => Promise<void>;
}

interface Services {
  readonly eq?: readonly number[];
  readonly neq?: readonly number[];
}

function isOfService({ service = -1 }: SimActivity, { eq, neq }: Services = {}): boolean {
  return (eq === undefined || eq.includes(service)) && (neq === undefined || !neq.includes(service));
}

interface TimeBounds extends Services {
  readonly gte?: number;
  readonly lte?: number;
  /** Not before this many days ago. */
  readonly gte_ndays?: number;
}

const DAY_MS = 86_400_000;

/** A tenant in memory with the API's paging: bounds inclusive, pages cut at an instant, the last dropped. */
export class SimTenant implements TenantPort, AsyncDisposable {
  readonly credentialExpiresAtMs = null;
  readonly activities: SimActivity[] = [];
  /** When each request arrived. */
  readonly arrivalsMs: number[] = [];
  /** The requests that arrived. */
  readonly requests: PageRequest[] = [];
  readonly #options: SimOptions;

  constructor(options: SimOptions) {
    this.#options = options;
  }

  async fetchPage(request: PageRequest, take: TakeActivity, signal: AbortSignal): Promise<Answer> {
    const { clock, step, fault } = this.#options;
    await step?.("tenant.request");
    signal.throwIfAborted();
    const startMs = clock.nowMs();
    this.arrivalsMs.push(startMs);
    this.requests.push(request);
    const verdict = fault?.(request, this.arrivalsMs.length, take) ?? this.#page(request, take);
    await step?.("tenant.answer");
    return {
      verdict,
      status: verdict.kind === "page" ? 200 : 500,
      serverNowMs: Math.floor(startMs / 1_000) * 1_000,
      readAtMs: clock.nowMs(),
      durationMs: 0,
      bodyBytes: 0,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #page(request: PageRequest, take: TakeActivity): Verdict {
    const { clock, pageCeiling, ignoreCreated, next, descending, emptyAtInstant, lacksNext } = this.#options;
    const parsed = JSON.parse(request.filters) as Record<string, TimeBounds> & { cursor?: string };
    const filters = parsed.cursor === undefined ? parsed : (JSON.parse(parsed.cursor) as Record<string, TimeBounds>);
    // `date`: pages along date whatever is asked, as an API that does not know created as a sort field would.
    const field = next === "date" ? "date" : request.sortField;
    const value = (activity: SimActivity) => (field === "created" ? activity.createdMs : activity.dateMs);
    const nowMs = clock.nowMs();
    const within = (at: number, bounds: TimeBounds | undefined) =>
      at >= (bounds?.gte ?? Number.NEGATIVE_INFINITY) &&
      at <= (bounds?.lte ?? Number.POSITIVE_INFINITY) &&
      (bounds?.gte_ndays === undefined || at >= nowMs - bounds.gte_ndays * DAY_MS);
    const sign = descending === true || request.sortDirection === "desc" ? -1 : 1;
    const found = this.activities
      .filter((activity) => activity.visibleMs <= nowMs)
      .filter((activity) => ignoreCreated === true || within(activity.createdMs, filters["created"]))
      .filter((activity) => within(activity.dateMs, filters["date"]))
      .filter((activity) => isOfService(activity, filters["service"]))
      .sort((a, b) => sign * (value(a) - value(b)) || (a.id < b.id ? -1 : 1));
    const { gte, lte } = filters[field] ?? {};
    const isAtInstant = found.some((activity) => value(activity) === gte || value(activity) === lte);
    if (emptyAtInstant !== undefined && emptyAtInstant !== false && isAtInstant) {
      const more = emptyAtInstant === "again";
      const nextFilters = more ? request.filters : null;
      return { kind: "page", hasNext: more, nextFilters, total: found.length, activities: 0 };
    }
    const limit = Math.min(request.limit, pageCeiling);
    const cut = cutAtInstant(found, limit, value);
    for (const activity of cut.page) if (!take(bodyOf(activity))) return { kind: "too_large", reason: "page memory" };
    const total = found.length;
    if (cut.nextAtMs !== null && lacksNext === true) return { kind: "contract", reason: "no next", lacksNext };
    if (cut.nextAtMs === null) {
      return { kind: "page", hasNext: false, nextFilters: null, total, activities: cut.page.length };
    }
    // `other`: the boundary of the page, told by the field that it was not sorted by. Following it loses.
    const other = field === "date" ? "created" : "date";
    const boundField = next === "other" ? other : field;
    const nextAtMs = next === "other" ? cut.nextAtMs + (other === "date" ? -1_000 : 1_000) : cut.nextAtMs;
    const bound = sign > 0 ? { gte: nextAtMs } : { lte: nextAtMs };
    const echo = { ...filters, [boundField]: { ...filters[boundField], ...bound } };
    const shape =
      next === "boundary" ? { [boundField]: bound } : next === "opaque" ? { cursor: JSON.stringify(echo) } : echo;
    return { kind: "page", hasNext: true, nextFilters: JSON.stringify(shape), total, activities: cut.page.length };
  }
}

/** A page that ends with a whole instant, where that is possible, and the instant that the next begins at. */
function cutAtInstant(
  found: readonly SimActivity[],
  limit: number,
  value: (activity: SimActivity) => number,
): { page: readonly SimActivity[]; nextAtMs: number | null } {
  if (found.length <= limit) return { page: found, nextAtMs: null };
  const nextAtMs = value(found[limit - 1]!);
  const whole = found.slice(0, limit).filter((activity) => value(activity) !== nextAtMs);
  return { page: whole.length > 0 ? whole : found.slice(0, limit), nextAtMs };
}

/** What a tenant sends of an activity. */
export function bodyOf(activity: SimActivity): Buffer {
  const { id, createdMs, dateMs, service, body } = activity;
  const own = { _id: id, created: createdMs, timestamp: dateMs, appName: "Sim" };
  return body ?? Buffer.from(JSON.stringify(service === undefined ? own : { ...own, appId: service }));
}
