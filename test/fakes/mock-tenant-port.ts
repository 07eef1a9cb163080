import { request as httpRequest, type IncomingMessage } from "node:http";
import { duplexPair } from "node:stream";
import type { TenantPort } from "../../src/connector/tenant-run.ts";
import type { Clock } from "../../src/kit/clock.ts";
import type { MockTenantOptions } from "../../src/mock-tenant/settings.ts";
import { type MockTenantHandle, openMockTenant } from "../../src/mock-tenant/start.ts";
import type { Answer, TakeActivity, Verdict } from "../../src/tenant/answer.ts";
import type { PageRequest } from "../../src/tenant/request.ts";
import { readPage, readText } from "../../src/tenant/response-body.ts";
import { judge, serverNowMs } from "../../src/tenant/verdict.ts";

const TOKEN = "mock-token";
/** Of the clock that is given, after which a request that hangs is given up. */
const TIMEOUT_MS = 30_000;
const LIMITS = { bodyMaxBytes: 64 * 1024 * 1024, activityMaxBytes: 8 * 1024 * 1024 };

/**
 * The mock tenant itself, asked over HTTP through pipes in memory instead of sockets, and read by the connector's own
 * code: all of it on a clock that is given.
 */
export class MockTenantPort implements TenantPort, AsyncDisposable {
  readonly credentialExpiresAtMs = null;
  readonly tenant: MockTenantHandle;
  readonly #server: ReturnType<typeof openMockTenant>["server"];
  readonly #clock: Clock;
  /** Requests on their way. */
  #open = 0;

  constructor(options: MockTenantOptions, clock: Clock) {
    const { handle, server } = openMockTenant({ ...options, tokens: [TOKEN] }, { clock });
    this.tenant = handle;
    this.#server = server;
    this.#clock = clock;
  }

  /** Whether an answer is being made or read, or waits for the clock. */
  get isBusy(): boolean {
    return this.#open > 0;
  }

  async fetchPage(request: PageRequest, take: TakeActivity, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    const clock = this.#clock;
    const sentMs = clock.monotonicMs();
    const ended = new AbortController();
    const late = new AbortController();
    const within = AbortSignal.any([signal, late.signal]);
    this.#open += 1;
    clock.sleep(TIMEOUT_MS, ended.signal).then(
      () => late.abort(new Error("time-out")),
      () => undefined,
    );
    let response: IncomingMessage | null = null;
    let verdict: Verdict;
    try {
      response = await this.#post(request, within);
      verdict = await this.#read(response, take);
    } catch (error) {
      signal.throwIfAborted();
      verdict = { kind: "retry", reason: String(error) };
    } finally {
      ended.abort(new Error("answered"));
      this.#open -= 1;
    }
    return {
      verdict,
      status: response?.statusCode ?? null,
      serverNowMs: response === null ? null : serverNowMs(response.headers),
      readAtMs: clock.nowMs(),
      durationMs: clock.monotonicMs() - sentMs,
      bodyBytes: 0,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #post({ filters, sortField, sortDirection, limit }: PageRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const [near, far] = duplexPair();
    // What a socket has and a pipe does not.
    this.#server.emit("connection", Object.assign(far, { resetAndDestroy: () => near.destroy(new Error("reset")) }));
    const rest = JSON.stringify({ isScan: true, sortField, sortDirection, limit });
    const headers = { authorization: `Token ${TOKEN}`, "content-type": "application/json", connection: "close" };
    return new Promise((resolve, reject) => {
      httpRequest({ method: "POST", path: "/api/v1/activities/", headers, signal, createConnection: () => near })
        .on("response", resolve)
        .on("error", reject)
        .end(`{"filters":${filters},${rest.slice(1)}`);
    });
  }

  async #read(response: IncomingMessage, take: TakeActivity): Promise<Verdict> {
    const status = response.statusCode ?? 0;
    const received = { status, headers: response.headers, body: response };
    const read = status === 200 ? await readPage(received, LIMITS, take, () => {}) : await readText(received, () => {});
    const { headers } = response;
    return judge({ status, headers, receivedAtMs: this.#clock.nowMs(), ...read, secrets: [TOKEN] });
  }
}
