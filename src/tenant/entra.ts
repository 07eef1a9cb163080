import type { Clock } from "../kit/clock.ts";
import { ConnectorError, describeError } from "../kit/errors.ts";
import { remember, type Secret } from "../kit/secret.ts";
import type { Credentials } from "./credentials.ts";
import { checkedUrl } from "./endpoint.ts";
import { refusedToken } from "./entra-errors.ts";
import { excerpt } from "./redact.ts";

export type EntraCloud = "commercial" | "gcc" | "gcc-high";

export interface EntraOptions {
  readonly directoryId: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  readonly cloud: EntraCloud;
  /** In place of the cloud's own; null: the cloud's. */
  readonly tokenUrl: string | null;
}

/** Posts a form and gives the status and the beginning of the answer, in bounded time; rejects when there is none. */
export type PostForm = (url: URL, form: string) => Promise<{ readonly status: number; readonly text: string }>;

// The application "Microsoft Cloud App Security" in every directory (api-authentication-application).
const SCOPE = "05a65629-4c1b-48c1-a78b-804c4abdd4af/.default";
const LOGIN_HOSTS: Record<EntraCloud, string> = {
  commercial: "login.microsoftonline.com",
  gcc: "login.microsoftonline.com",
  "gcc-high": "login.microsoftonline.us",
};
const RENEW_AHEAD_MAX_MS = 5 * 60_000;
/** After a failed renewal, while the present token is still good. */
const RENEW_AGAIN_MS = 30_000;
/** A token that took a refused one's place is not replaced sooner: another would be refused alike. */
const REPLACE_AGAIN_MS = 60_000;
const LIFE_MIN_S = 1;
const LIFE_MAX_S = 7 * 24 * 3600;

interface AccessToken {
  readonly authorization: string;
  /** Monotonic. */
  readonly renewMs: number;
  readonly endMs: number;
  /** Epoch ms. */
  readonly expiresAtMs: number;
}

/**
 * Tokens of an Entra application by client secret (OAuth 2.0 client credentials). A token is renewed ahead of its
 * end (5 min, a tenth of its life if that is less), once for all who wait. While a renewal fails the present token
 * is used until it ends. A refused token is dropped, so the next request, in its own place in the budget, has a
 * new one.
 */
export class EntraCredentials implements Credentials {
  readonly #options: EntraOptions;
  readonly #url: URL;
  readonly #post: PostForm;
  readonly #clock: Clock;
  #token: AccessToken | null = null;
  #renewal: Promise<AccessToken> | null = null;
  #renewAgainMs = Number.NEGATIVE_INFINITY;
  #replacedMs = Number.NEGATIVE_INFINITY;

  /** @throws ConnectorError `config_invalid` when `tokenUrl` is not https, nor http on this machine. */
  constructor(options: EntraOptions, post: PostForm, clock: Clock) {
    this.#options = options;
    this.#url = tokenUrl(options);
    this.#post = post;
    this.#clock = clock;
  }

  get expiresAtMs(): number | null {
    return this.#token?.expiresAtMs ?? null;
  }

  async authorization(signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    const nowMs = this.#clock.monotonicMs();
    const token = this.#token;
    const isGood = token !== null && nowMs < token.endMs;
    if (isGood && (nowMs < token.renewMs || nowMs < this.#renewAgainMs)) return token.authorization;
    try {
      return (await untilAborted(this.#renewOnce(), signal)).authorization;
    } catch (error) {
      signal.throwIfAborted();
      if (!isGood) throw error;
      this.#renewAgainMs = nowMs + RENEW_AGAIN_MS;
      return token.authorization;
    }
  }

  refused(authorization: string): void {
    if (this.#token?.authorization !== authorization) return;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#replacedMs < REPLACE_AGAIN_MS) return;
    this.#replacedMs = nowMs;
    this.#token = null;
  }

  #renewOnce(): Promise<AccessToken> {
    this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  async #renew(): Promise<AccessToken> {
    const secret = this.#options.clientSecret.reveal().trim();
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: this.#options.clientId,
      client_secret: secret,
      scope: SCOPE,
    });
    const answer = await this.#ask(form.toString());
    const { status } = answer;
    const json = readObject(answer.text);
    const lifeS = Number(json["expires_in"]);
    const accessToken = json["access_token"];
    if (status === 200 && typeof accessToken === "string" && /^[\x21-\x7e]+$/.test(accessToken) && lifeS > 0) {
      this.#token = this.#accepted(accessToken, Math.min(LIFE_MAX_S, Math.max(LIFE_MIN_S, lifeS)) * 1000);
      return this.#token;
    }
    if (status >= 400 && status <= 499 && status !== 408 && status !== 429) {
      throw refusedToken(status, json, this.#url.host, [secret]);
    }
    const message = `no token from ${this.#url.host}: ${status} ${excerpt(answer.text, [secret])}`;
    throw new ConnectorError("api_unavailable", message, { disposition: "retry" });
  }

  async #ask(form: string): Promise<{ readonly status: number; readonly text: string }> {
    try {
      return await this.#post(this.#url, form);
    } catch (cause) {
      const message = `no token from ${this.#url.host}: ${describeError(cause)}`;
      throw new ConnectorError("api_unavailable", message, { disposition: "retry", cause });
    }
  }

  #accepted(accessToken: string, lifeMs: number): AccessToken {
    remember(this, accessToken);
    const nowMs = this.#clock.monotonicMs();
    return {
      authorization: `Bearer ${accessToken}`,
      renewMs: nowMs + lifeMs - Math.min(RENEW_AHEAD_MAX_MS, lifeMs / 10),
      endMs: nowMs + lifeMs,
      expiresAtMs: this.#clock.nowMs() + lifeMs,
    };
  }
}

function tokenUrl(options: EntraOptions): URL {
  if (options.tokenUrl !== null) return checkedUrl(options.tokenUrl, "auth.tokenUrl");
  return new URL(`https://${LOGIN_HOSTS[options.cloud]}/${encodeURIComponent(options.directoryId)}/oauth2/v2.0/token`);
}

function readObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** `work` goes on for others when one waiter leaves. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let leave = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    leave = () => reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
