import { once } from "node:events";
import { type Exchange, readBody, sendJson, sendText } from "./exchange.ts";
import { compileFilters, type FilterError } from "./filters.ts";
import { readFilters } from "./next-filters.ts";
import type { MockTenantOptions } from "./settings.ts";
import type { TenantState } from "./tenant-state.ts";
import { type TruthRow, truthRows } from "./truth.ts";

/**
 * The rows of `/_truth`. `filters`: as a request's. `untilMs`: what was visible then instead of now.
 *
 * @returns the filters' errors instead, when they have any.
 */
export function truth(
  state: TenantState,
  filters: unknown,
  untilMs: number | null,
): Iterable<TruthRow> | readonly FilterError[] {
  const nowMs = Math.min(state.advance(), untilMs ?? Number.POSITIVE_INFINITY);
  const compiled = compileFilters(readFilters(filters) ?? { "": {} }, nowMs);
  return Array.isArray(compiled) ? compiled : truthRows(state.archive, compiled, nowMs, state.settings);
}

/** `GET /_truth`: one JSON object a line. Lines are counted in no header: the body's clean end is the end. */
export async function sendTruth({ url, response, signal }: Exchange, state: TenantState): Promise<void> {
  const until = url.searchParams.get("until");
  const found = truth(state, url.searchParams.get("filters"), until === null ? null : Number(until));
  if (Array.isArray(found)) {
    sendJson(response, 400, { filters: found, error: true });
    return;
  }
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  let lines = "";
  for (const row of found as Iterable<TruthRow>) {
    lines += `${JSON.stringify(row)}\n`;
    if (lines.length < 65_536) continue;
    signal.throwIfAborted();
    if (!response.write(lines)) await once(response, "drain", { signal });
    lines = "";
  }
  response.end(lines);
}

/** `GET /_story`: one JSON object a line for each story of the settings. */
export function sendStories({ response }: Exchange, state: TenantState): void {
  const lines = state.stories().map((row) => `${JSON.stringify(row)}\n`);
  sendText(response, 200, "application/x-ndjson", lines.join(""));
}

/** `GET /_stats`: the traffic so far; `?windowMs=` for another window than the limit's, `?arrivals=0` without the list. */
export function sendStats({ url, response }: Exchange, state: TenantState): void {
  const windowMs = url.searchParams.get("windowMs");
  const nowMs = state.advance();
  const { arrivals, ...counts } = state.traffic.stats(
    nowMs,
    state.settings,
    windowMs === null ? undefined : Number(windowMs),
  );
  const list = url.searchParams.get("arrivals") === "0" ? {} : { arrivals };
  sendJson(response, 200, { ...counts, activities: state.archive.count, ...list });
}

/** What `POST /_control` takes besides settings. */
interface Commands {
  /** This many more activities, created now. */
  readonly add?: number;
  /** Ids of activities that no query shows from now on; that turn up again; that have another text. */
  readonly hide?: readonly string[];
  readonly show?: readonly string[];
  readonly alter?: readonly string[];
  readonly revokeBearers?: boolean;
  readonly resetStats?: boolean;
}

/** `POST /_control`: settings and commands, all or none. It and `GET` answer with the settings that hold now. */
export async function control({ request, response }: Exchange, state: TenantState): Promise<void> {
  try {
    if (request.method === "GET") {
      sendJson(response, 200, state.settings);
      return;
    }
    const { add, hide, show, alter, revokeBearers, resetStats, ...change } = JSON.parse(
      (await readBody(request)) ?? "",
    ) as MockTenantOptions & Commands;
    if (add !== undefined && !(Number.isSafeInteger(add) && add >= 0))
      throw new Error("add: allowed is a whole number");
    state.change(change);
    if (add !== undefined) state.archive.add(add, state.advance(), state.settings);
    if (hide !== undefined) state.archive.hide(hide, true);
    if (show !== undefined) state.archive.hide(show, false);
    if (alter !== undefined) state.archive.alter(alter);
    if (revokeBearers === true) state.credentials.revokeAll();
    if (resetStats === true) state.traffic.reset();
    sendJson(response, 200, state.settings);
  } catch (error) {
    sendJson(response, 400, { error: error instanceof Error ? error.message : String(error) });
  }
}
