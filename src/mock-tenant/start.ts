import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Clock, systemClock } from "../kit/clock.ts";
import { describeError } from "../kit/errors.ts";
import type { Random } from "../kit/random.ts";
import { serveApi } from "./activities.ts";
import { control, sendStats, sendStories, sendTruth, truth } from "./admin.ts";
import { type Exchange, readBody, sendJson } from "./exchange.ts";
import { seededRandom } from "./noise.ts";
import type { MockTenantOptions, MockTenantSettings } from "./settings.ts";
import { withSettings } from "./settings-check.ts";
import type { StoryRow } from "./stories.ts";
import { TenantState } from "./tenant-state.ts";
import type { TrafficStats } from "./traffic.ts";
import type { TruthRow } from "./truth.ts";

/** What a mock tenant lets others see and do, whether anybody can reach it or not. */
export interface MockTenantHandle {
  /** Every activity that is visible now (and matches `filters`), by ascending `created`. @throws Error on wrong filters. */
  truth(filters?: unknown): TruthRow[];
  /** What the settings' stories plant, and what of it exists by now. */
  stories(): StoryRow[];
  stats(windowMs?: number): TrafficStats;
  /** Changes settings at run time. @throws Error that lists every problem. */
  change(settings: MockTenantOptions): void;
  /** Creates `count` more activities now. */
  add(count: number): void;
  /** Withdraws all bearer tokens. */
  revokeBearers(): void;
}

/** A running mock tenant. */
export interface MockTenant extends MockTenantHandle, AsyncDisposable {
  /** `http://host:port`: what a client is given as the tenant's API URL, and as the token endpoint's host. */
  readonly url: string;
  readonly port: number;
  /** Stops listening and closes all connections. Idempotent. */
  close(): Promise<void>;
}

export interface MockTenantDeps {
  readonly clock: Clock;
  /** Draws faults; the archive is a function of the seed alone. */
  readonly random: Random;
}

/** A mock tenant that nobody can reach yet. */
export interface OpenMockTenant {
  readonly settings: MockTenantSettings;
  readonly handle: MockTenantHandle;
  /** Listens nowhere; answers whatever connection it is given. */
  readonly server: Server;
  /** Ends what is being answered. */
  readonly closing: AbortController;
}

/** @throws Error when an option is not allowed. */
export function openMockTenant(options: MockTenantOptions, deps: Partial<MockTenantDeps> = {}): OpenMockTenant {
  const settings = withSettings(options);
  const { clock = systemClock, random = seededRandom(settings.seed) } = deps;
  const state = new TenantState(settings, clock, random);
  const closing = new AbortController();
  const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
    serve(request, response, state, closing.signal).catch((error: unknown) => giveUp(request, response, error));
  });
  const handle: MockTenantHandle = {
    truth: (filters) => truthOf(state, filters),
    stories: () => state.stories(),
    stats: (windowMs) => state.traffic.stats(state.advance(), state.settings, windowMs),
    change: (change) => state.change(change),
    add: (count) => state.archive.add(count, state.advance(), state.settings),
    revokeBearers: () => state.credentials.revokeAll(),
  };
  return { settings, handle, server, closing };
}

/**
 * Starts a tenant that behaves as the activities API does, with quirks and faults by option.
 *
 * @throws Error when an option is not allowed, or the port is taken.
 */
export async function startMockTenant(
  options: MockTenantOptions = {},
  deps: Partial<MockTenantDeps> = {},
): Promise<MockTenant> {
  const { settings, handle, server, closing } = openMockTenant(options, deps);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(settings.port, settings.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    closing.abort(new Error("the mock tenant closes"));
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  const url = `http://${settings.host}:${port}`;
  return { ...handle, url, port, close, [Symbol.asyncDispose]: close };
}

function truthOf(state: TenantState, filters: unknown): TruthRow[] {
  const found = truth(state, filters, null);
  if (Array.isArray(found)) throw new Error(`filters: ${JSON.stringify(found)}`);
  return [...(found as Iterable<TruthRow>)];
}

/** An answer that could not be finished: the client went away, or the mock tenant itself is at fault. */
function giveUp(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) request.socket.destroy();
  else sendJson(response, 500, { detail: `the mock tenant failed: ${describeError(error)}` });
}

const TOKEN_ENDPOINT = /^\/([^/]+)\/oauth2\/(?:v2\.0\/)?token$/;

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  state: TenantState,
  closing: AbortSignal,
): Promise<void> {
  const left = new AbortController();
  response.once("close", () => left.abort(new Error("the client is gone")));
  const signal = AbortSignal.any([left.signal, closing]);
  const exchange: Exchange = { request, response, url: new URL(request.url ?? "/", "http://tenant"), signal };
  response.setHeader("date", new Date(state.nowMs()).toUTCString());
  const { pathname } = exchange.url;
  const directory = TOKEN_ENDPOINT.exec(pathname)?.[1];
  if (pathname === "/_truth") await sendTruth(exchange, state);
  else if (pathname === "/_story") sendStories(exchange, state);
  else if (pathname === "/_stats") sendStats(exchange, state);
  else if (pathname === "/_control") await control(exchange, state);
  else if (directory !== undefined && request.method === "POST") await issueToken(exchange, state, directory);
  else if (pathname.startsWith("/api/")) await serveApi(exchange, state);
  else sendJson(response, 404, { detail: "Not found." });
}

async function issueToken({ request, response }: Exchange, state: TenantState, directory: string): Promise<void> {
  const form = new URLSearchParams((await readBody(request)) ?? "");
  const { status, body } = state.credentials.issue(directory, form, state.settings, state.nowMs());
  sendJson(response, status, body);
}
