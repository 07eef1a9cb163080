import type { Clock } from "../../../src/kit/clock.ts";
import type { MockTenantOptions } from "../../../src/mock-tenant/settings.ts";
import { type MockTenantDeps, startMockTenant } from "../../../src/mock-tenant/start.ts";

/** 2026-11-23T09:00:00Z. */
export const START_MS = 1_795_424_400_000;

/** A clock that stands still until it is told to go on. */
export interface HandClock extends Clock {
  advance(ms: number): void;
}

export function handClock(startMs = START_MS): HandClock {
  let now = startMs;
  return {
    nowMs: () => now,
    monotonicMs: () => now,
    sleep: async (delayMs) => {
      now += delayMs;
    },
    advance: (ms) => {
      now += ms;
    },
  };
}

export interface Activity {
  readonly _id: string;
  readonly created: number;
  readonly timestamp: number;
  readonly saasId: number;
  readonly [field: string]: unknown;
}

export interface Page {
  readonly data: Activity[];
  readonly hasNext: boolean;
  readonly total: number;
  readonly max: number;
  readonly moreThanTotal: boolean;
  readonly nextQueryFilters?: unknown;
}

/** A started tenant without a limit, unless the options set one, and short ways to ask it. */
export async function tenant(options: MockTenantOptions = {}, deps: Partial<MockTenantDeps> = { clock: handClock() }) {
  const started = await startMockTenant({ requestLimit: null, ...options }, deps);
  const post = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${started.url}/api/v1/activities/`, {
      method: "POST",
      headers: { authorization: "Token mock-token", "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
      redirect: "manual",
    });
  const scan = async (body: object = {}): Promise<Page> => {
    const response = await post({ isScan: true, ...body });
    if (response.status !== 200) throw new Error(`status ${response.status}: ${await response.text()}`);
    return (await response.json()) as Page;
  };
  /** The whole chain of pages, next filters verbatim. */
  const walk = async (body: { filters?: unknown; [name: string]: unknown }, most = 60): Promise<Page[]> => {
    const pages: Page[] = [];
    let filters: unknown = body.filters ?? {};
    while (pages.length < most) {
      const page = await scan({ ...body, filters });
      pages.push(page);
      if (!page.hasNext) return pages;
      filters = page.nextQueryFilters;
    }
    throw new Error(`no end after ${most} pages`);
  };
  return { ...started, post, scan, walk };
}

export const idsOf = (pages: readonly Page[]): string[] => pages.flatMap((page) => page.data.map(({ _id }) => _id));
