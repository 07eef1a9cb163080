import type { Site } from "./site.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const REQUEST_MS = 700;

type Filters = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** A response as a collector sees it; `json` null: it is none. */
interface Response {
  readonly status: number;
  readonly json: {
    readonly data?: readonly { readonly _id: string; readonly timestamp: number }[];
    readonly hasNext?: boolean;
    readonly nextQueryFilters?: Filters;
  } | null;
}

/** What a poller has: requests, somewhere to put activities, time, and what it stored before it died. */
export interface Hands {
  post(filters: Filters, order: "asc" | "desc"): Promise<Response>;
  publish(ids: readonly string[]): void;
  sleep(delayMs: number): Promise<void>;
  nowMs(): number;
  /** Survives a crash; at first when the collector was set up. */
  stored: { lastMs: number };
}

export type Poller = (hands: Hands) => Promise<never>;

/** The process has died. */
class Crash extends Error {}

/**
 * The documented script (api-activities-investigate-script), run daily: a window of one day, no look at the status, and
 * what is not there counts as the end. A body that is no JSON ends it until the next day; after a crash it is run
 * again.
 */
export const dailyScript: Poller = async ({ post, publish, sleep, nowMs, stored }) => {
  for (;;) {
    await sleep(stored.lastMs + DAY_MS - nowMs());
    await attempt(async () => {
      let filters: Filters | undefined = { date: { gte_ndays: 1 } };
      for (let hasNext = true; hasNext; ) {
        const { json } = await post(filters ?? {}, "desc");
        if (json === null) throw new SyntaxError("not JSON");
        publish((json.data ?? []).map((activity) => activity._id));
        hasNext = json.hasNext ?? false;
        filters = json.nextQueryFilters;
      }
    });
    stored.lastMs += DAY_MS;
  }
};

/** A date watermark, moved to the last activity plus 1 ms (as the Cortex collector); an error discards the batch. */
export const watermark: Poller = async ({ post, publish, sleep, stored }) => {
  for (;;) {
    await attempt(async () => {
      const batch: { readonly _id: string; readonly timestamp: number }[] = [];
      let filters: Filters | undefined = { date: { gte: stored.lastMs + 1 } };
      for (let hasNext = true; hasNext; ) {
        const json = checked(await post(filters ?? {}, "asc"));
        batch.push(...(json.data ?? []));
        hasNext = json.hasNext ?? false;
        filters = json.nextQueryFilters;
      }
      publish(batch.map((activity) => activity._id));
      stored.lastMs = Math.max(stored.lastMs, ...batch.map((activity) => activity.timestamp));
    });
    await sleep(5 * MINUTE_MS);
  }
};

/**
 * The window from the last run to now along date, newest first; its end is stored after the last page (as Sentinel's
 * function does).
 */
export const windowToNow: Poller = async ({ post, publish, sleep, nowMs, stored }) => {
  for (;;) {
    await attempt(async () => {
      const untilMs = nowMs();
      let upperMs: number | undefined = untilMs;
      for (let hasNext = true; hasNext; ) {
        const json = checked(await post({ date: { gte: stored.lastMs, lte: upperMs ?? untilMs } }, "desc"));
        publish((json.data ?? []).map((activity) => activity._id));
        hasNext = json.hasNext ?? false;
        upperMs = json.nextQueryFilters?.["date"]?.["lte"];
      }
      stored.lastMs = untilMs;
    });
    await sleep(5 * MINUTE_MS);
  }
};

function checked({ status, json }: Response): NonNullable<Response["json"]> {
  if (status >= 400 || json === null) throw new Error(`status ${status}`);
  return json;
}

/** A run that fails is over; the next one begins when it is due. */
async function attempt(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (error instanceof Crash) throw error;
  }
}

/** Runs a poller against a site until `untilMs`; after its crash it is started again with what it had stored. */
export async function runPoller(poller: Poller, site: Site, untilMs: number): Promise<void> {
  const { clock } = site;
  const never = new AbortController();
  const hands: Hands = {
    stored: { lastMs: clock.nowMs() },
    nowMs: () => clock.nowMs(),
    sleep: (delayMs) => clock.sleep(delayMs, never.signal),
    publish: (ids) => site.published.push(...ids),
    post: (filters, order) => post(site, filters, order, never.signal),
  };
  let failure: unknown = null;
  const supervise = async () => {
    for (;;) {
      try {
        await poller(hands);
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
        await hands.sleep(MINUTE_MS);
      }
    }
  };
  supervise().catch((error: unknown) => {
    failure = error;
  });
  await clock.runUntil(() => failure !== null || clock.nowMs() >= untilMs, 1_000_000);
  if (failure !== null) throw failure;
}

async function post(site: Site, filters: Filters, order: "asc" | "desc", signal: AbortSignal): Promise<Response> {
  await site.clock.sleep(REQUEST_MS, signal);
  const data: { _id: string; timestamp: number }[] = [];
  const take = (bytes: Buffer) => data.push(JSON.parse(bytes.toString()) as (typeof data)[number]) > 0;
  const request = { filters: JSON.stringify(filters), sortField: "date", sortDirection: order, limit: 500 } as const;
  const answer = await site.fetchPage(request, take, signal);
  if (site.isDeadly(answer)) throw new Crash("killed");
  const { verdict } = answer;
  if (verdict.kind === "throttled") return { status: 429, json: {} };
  if (verdict.kind === "contract") return { status: 200, json: {} };
  if (verdict.kind !== "page") return { status: 500, json: null };
  const { hasNext, nextFilters } = verdict;
  if (nextFilters === null) return { status: 200, json: { data, hasNext } };
  return { status: 200, json: { data, hasNext, nextQueryFilters: JSON.parse(nextFilters) as Filters } };
}
