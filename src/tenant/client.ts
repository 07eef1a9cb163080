import type { TenantAuth, TenantConfig } from "../config/config.ts";
import type { Clock } from "../kit/clock.ts";
import { ConnectorError, connectionCode, describeError } from "../kit/errors.ts";
import type { Answer, TakeActivity, Verdict } from "./answer.ts";
import { type Credentials, legacyToken } from "./credentials.ts";
import { Deadline } from "./deadline.ts";
import { ACCEPT_ENCODING } from "./decoding.ts";
import { activitiesUrl, checkedUrl } from "./endpoint.ts";
import { EntraCredentials, type PostForm } from "./entra.ts";
import { checkProxied, Http, type HttpResponse } from "./http.ts";
import { excerpt } from "./redact.ts";
import type { PageRequest } from "./request.ts";
import { type BodyLimits, type CountBytes, readPage, readText } from "./response-body.ts";
import { judge, type ResponseHeaders, serverNowMs } from "./verdict.ts";

export interface ClientOptions {
  readonly clock: Clock;
  /** Of the connector; sent as `User-Agent`. */
  readonly version: string;
  readonly limits: BodyLimits;
  /** From sending to the last byte; default 10 min. */
  readonly totalMs?: number;
  /** Asked right before a request is written: where it is false, none is. Default: always true. */
  readonly mayAsk?: () => boolean;
  /** Told of each response of the API. */
  readonly onHeaders?: (status: number, headers: ResponseHeaders) => void;
}

const TOTAL_MS = 600_000;
const TOKEN_MAX_MS = 60_000;

/** The API of one tenant. */
export class TenantClient implements AsyncDisposable {
  readonly #url: URL;
  readonly #tenant: TenantConfig;
  readonly #options: ClientOptions;
  readonly #http: Http;
  readonly #credentials: Credentials;

  /** @throws ConnectorError `config_invalid` when an address is none, or would show the credentials. */
  constructor(tenant: TenantConfig, options: ClientOptions) {
    this.#url = activitiesUrl(tenant.apiUrl);
    checkProxied(this.#url, tenant.proxy);
    this.#tenant = tenant;
    this.#options = options;
    this.#http = new Http(tenant);
    this.#credentials = openCredentials(tenant, this.#postForm, options.clock);
  }

  /** When the present token expires, epoch ms; null when that is not known. */
  get credentialExpiresAtMs(): number | null {
    return this.#credentials.expiresAtMs;
  }

  /**
   * One request to the tenant, never repeated here, so that the budget counts calls. Activities are handed to
   * `take` while they arrive, before it is known whether this is a page: without the verdict `page` they are void.
   *
   * What tenant, network and credentials do is in the answer. After a 401 the Entra token is dropped, so the
   * caller's next, paced request has a new one.
   *
   * @throws the reason of `signal` once it aborts; what `take` throws
   */
  async fetchPage(request: PageRequest, take: TakeActivity, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    const exchange = new Exchange(this.#options.clock);
    using deadline = new Deadline(signal);
    try {
      const authorization = await this.#credentials.authorization(signal);
      exchange.sends(authorization);
      deadline.arm(...this.#headersWithin());
      const { mayAsk = () => true } = this.#options;
      const message = { headers: this.#headers(authorization), body: bodyOf(request), mayLeave: mayAsk };
      const response = await this.#http.post(this.#url, message, deadline.signal);
      exchange.headersCame(response);
      this.#options.onHeaders?.(response.status, response.headers);
      deadline.arm(...this.#bodyWithin());
      const verdict = await this.#read(response, takerOf(take), exchange);
      if (response.status === 401) this.#credentials.refused(authorization);
      signal.throwIfAborted();
      return exchange.answer(verdict);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof TakerError) throw error.cause;
      return exchange.answer(exchange.failure(deadline.signal.aborted ? deadline.signal.reason : error));
    }
  }

  /** Closes the connections; a request under way fails. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http[Symbol.asyncDispose]();
  }

  async #read(response: HttpResponse, take: TakeActivity, exchange: Exchange): Promise<Verdict> {
    const { status, headers } = response;
    const isSuccess = status >= 200 && status <= 299;
    try {
      const { limits } = this.#options;
      const read = isSuccess
        ? await readPage(response, limits, take, exchange.count)
        : await readText(response, exchange.count);
      return judge({ status, headers, receivedAtMs: exchange.readAtMs, ...read, secrets: exchange.secrets });
    } finally {
      response.body.destroy();
    }
  }

  #headers(authorization: string): Record<string, string> {
    return {
      authorization,
      accept: "application/json",
      "accept-encoding": ACCEPT_ENCODING,
      "content-type": "application/json",
      "user-agent": `mdca-kafka-source/${this.#options.version}`,
    };
  }

  /** Covers what the connection's own time-outs do not, such as a silent proxy. */
  #headersWithin(): [number, string] {
    const { connectMs, headersMs } = this.#tenant.timeouts;
    return [connectMs + headersMs, `no response headers within ${connectMs + headersMs} ms`];
  }

  #bodyWithin(): [number, string] {
    const totalMs = this.#options.totalMs ?? TOTAL_MS;
    return [totalMs, `the response was not complete within ${totalMs} ms`];
  }

  readonly #postForm: PostForm = async (url, form) => {
    using deadline = new Deadline(new AbortController().signal);
    deadline.arm(TOKEN_MAX_MS, `no answer within ${TOKEN_MAX_MS} ms`);
    const headers = { accept: "application/json", "content-type": "application/x-www-form-urlencoded" };
    const response = await this.#http.post(url, { headers, body: form }, deadline.signal);
    try {
      const { text } = await readText(response, () => {});
      return { status: response.status, text };
    } finally {
      response.body.destroy();
    }
  };
}

function openCredentials(tenant: TenantConfig, postForm: PostForm, clock: Clock): Credentials {
  const auth: TenantAuth = tenant.auth;
  if (auth.kind === "token") return legacyToken(auth.token);
  if (auth.tokenUrl !== null) checkProxied(checkedUrl(auth.tokenUrl, "auth.tokenUrl"), tenant.proxy);
  return new EntraCredentials(auth, postForm, clock);
}

/** `filters` is put in as it is: parsing it could change numbers and keys. */
function bodyOf(request: PageRequest): string {
  const { filters, sortField, sortDirection, limit } = request;
  const rest = JSON.stringify({ isScan: true, sortField, sortDirection, limit });
  return `{"filters":${filters},${rest.slice(1)}`;
}

/** A bug of ours must not pass for a broken connection. */
class TakerError extends Error {}

function takerOf(take: TakeActivity): TakeActivity {
  return (bytes) => {
    try {
      return take(bytes);
    } catch (cause) {
      throw new TakerError("the taker of activities failed", { cause });
    }
  };
}

/** What is measured and known of one request and its response. */
class Exchange {
  readonly #clock: Clock;
  #sentMs: number;
  #readAtMs: number | null = null;
  #status: number | null = null;
  #headers: ResponseHeaders = {};
  #bodyBytes = 0;
  secrets: readonly string[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sentMs = clock.monotonicMs();
  }

  get readAtMs(): number {
    return this.#readAtMs ?? this.#clock.nowMs();
  }

  sends(authorization: string): void {
    this.#sentMs = this.#clock.monotonicMs();
    this.secrets = [authorization.slice(authorization.indexOf(" ") + 1)];
  }

  headersCame(response: HttpResponse): void {
    this.#readAtMs = this.#clock.nowMs();
    this.#status = response.status;
    this.#headers = response.headers;
  }

  readonly count: CountBytes = (bytes) => {
    this.#bodyBytes += bytes;
  };

  answer(verdict: Verdict): Answer {
    return {
      verdict,
      status: this.#status,
      serverNowMs: serverNowMs(this.#headers),
      readAtMs: this.readAtMs,
      durationMs: this.#clock.monotonicMs() - this.#sentMs,
      bodyBytes: this.#bodyBytes,
    };
  }

  /** Whatever was thrown: our credentials' refusal, or a connection that may do better next time. */
  failure(error: unknown): Verdict {
    const why = excerpt(describeError(error), this.secrets);
    const isOurs = error instanceof ConnectorError;
    if (isOurs && error.disposition === "fatal") return { kind: "unauthorized", reason: why };
    const where = this.#status === null ? "no response" : `${this.#status} whose body broke off`;
    const reason = isOurs ? why : `${where}: ${withCode(error, why)}`;
    const code = connectionCode(error);
    return { kind: "retry", reason, ...(code === null ? {} : { connectionCode: code }) };
  }
}

/** Node's and undici's codes say more than some of their messages. */
function withCode(error: unknown, message: string): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "" || message.includes(code)) return message;
  return message === "" ? code : `${message} (${code})`;
}
