import type { Readable } from "node:stream";
import { Agent, type Dispatcher, ProxyAgent, request } from "undici";
import type { ProxyConfig, TenantTimeouts } from "../config/config.ts";
import { ConnectorError } from "../kit/errors.ts";
import { basicAuthorization } from "../kit/secret.ts";
import { isLoopback } from "./endpoint.ts";
import { gate } from "./gate.ts";
import type { ResponseHeaders } from "./verdict.ts";

export interface HttpOptions {
  /** PEM text of the only certificates trusted; null: the built-in ones. */
  readonly ca: string | null;
  readonly proxy: ProxyConfig | null;
  readonly timeouts: TenantTimeouts;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** As sent, not decompressed. Must be read to its end or destroyed. */
  readonly body: Readable;
}

export interface HttpMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Asked right before the first byte is written: where it is false, none is, and the request fails. */
  readonly mayLeave?: () => boolean;
}

/** Longer than a request's pace, so that a connection serves more than one; servers may say less. */
const KEEP_ALIVE_MS = 20_000;

/** Connections to one tenant and its token endpoint. Redirects are not followed, TLS is always verified. */
export class Http implements AsyncDisposable {
  readonly #dispatcher: Dispatcher;

  constructor(options: HttpOptions) {
    this.#dispatcher = openDispatcher(options);
  }

  /**
   * One POST. Resolves with the headers; failures of connection, TLS and time reject, as the body does later.
   * @throws the reason of `signal` once it aborts
   */
  async post(url: URL, { headers, body, mayLeave }: HttpMessage, signal: AbortSignal): Promise<HttpResponse> {
    const dispatcher = mayLeave === undefined ? this.#dispatcher : this.#dispatcher.compose(gate(mayLeave));
    const response = await request(url, { method: "POST", headers: { ...headers }, body, signal, dispatcher });
    // An error after the reader has gone, such as that of its own abort, concerns nobody.
    response.body.on("error", () => {});
    return { status: response.statusCode, headers: response.headers, body: response.body };
  }

  /** Closes all connections; what is under way fails. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dispatcher.destroy();
  }
}

/**
 * Refuses what would carry credentials over the network in the clear.
 * @throws ConnectorError `config_invalid`
 */
export function checkProxied(url: URL, proxy: ProxyConfig | null): void {
  if (proxy === null || url.protocol === "https:" || isLoopback(new URL(proxy.url).hostname)) return;
  throw new ConnectorError("config_invalid", `plain http to ${url.host} must not go through a proxy: use https`, {
    disposition: "fatal",
  });
}

function openDispatcher(options: HttpOptions): Dispatcher {
  const { connectMs, headersMs, bodyMs } = options.timeouts;
  const tls = { timeout: connectMs, ...(options.ca === null ? {} : { ca: options.ca }) };
  const common = {
    headersTimeout: headersMs,
    bodyTimeout: bodyMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Requests come one at a time; a second connection would only be opened in the moment one is being freed.
    connections: 1,
    pipelining: 1,
  };
  if (options.proxy === null) return new Agent({ ...common, connect: tls });
  const { url, credentials } = options.proxy;
  const uri = new URL(url).href;
  const proxied = { ...common, uri, requestTls: tls, proxyTls: tls };
  if (credentials === null) return new ProxyAgent(proxied);
  return new ProxyAgent({ ...proxied, token: basicAuthorization(credentials.username, credentials.password) });
}
