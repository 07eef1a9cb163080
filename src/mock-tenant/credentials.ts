import { readFileSync } from "node:fs";
import type { MockTenantSettings } from "./settings.ts";

/** What a request's `Authorization` header amounts to. */
export type Access = "allowed" | "missing" | "invalid" | "forbidden";

/** The answer of the token endpoint. */
export interface TokenAnswer {
  readonly status: number;
  readonly body: object;
}

const ISSUED_MAX = 1_000;

/** Legacy tokens and those issued by the token endpoint. */
export class Credentials {
  /** Expiry, epoch ms, by bearer token. */
  readonly #issued = new Map<string, number>();
  #issuedCount = 0;

  /** Checks an `Authorization` header: `Token <legacy>` or `Bearer <issued>`. */
  access(header: string | undefined, settings: MockTenantSettings, nowMs: number): Access {
    const [scheme = "", token = ""] = (header ?? "").split(" ");
    if (scheme === "" || token === "") return "missing";
    if (settings.forbiddenTokens.includes(token)) return "forbidden";
    if (scheme.toLowerCase() === "bearer") return (this.#issued.get(token) ?? 0) > nowMs ? "allowed" : "invalid";
    if (scheme.toLowerCase() !== "token") return "missing";
    return acceptedTokens(settings).includes(token) ? "allowed" : "invalid";
  }

  /** Withdraws all bearer tokens, as an administrator may. */
  revokeAll(): void {
    this.#issued.clear();
  }

  /** Client credentials as Entra takes them: v2.0 with `scope`, v1 with `resource`. */
  issue(directory: string, form: URLSearchParams, settings: MockTenantSettings, nowMs: number): TokenAnswer {
    if (settings.directoryId !== null && directory !== settings.directoryId) {
      return refusal(400, "invalid_request", `AADSTS90002: Tenant '${directory}' not found.`);
    }
    if (form.get("grant_type") !== "client_credentials") {
      return refusal(400, "unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type.");
    }
    if (form.get("scope") === null && form.get("resource") === null) {
      return refusal(400, "invalid_request", "AADSTS90014: The required field 'scope' is missing.");
    }
    if (form.get("client_id") !== settings.clientId) {
      return refusal(400, "unauthorized_client", "AADSTS700016: Application was not found in the directory.");
    }
    if (form.get("client_secret") !== settings.clientSecret) {
      return refusal(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.");
    }
    const token = `mock-bearer-${++this.#issuedCount}-${nowMs.toString(36)}`;
    this.#issued.set(token, nowMs + settings.bearerLifeMs);
    const oldest = this.#issued.keys().next();
    if (this.#issued.size > ISSUED_MAX && !oldest.done) this.#issued.delete(oldest.value);
    const seconds = Math.floor(settings.bearerLifeMs / 1_000);
    const body = { token_type: "Bearer", expires_in: seconds, ext_expires_in: 0, access_token: token };
    return { status: 200, body };
  }
}

function refusal(status: number, error: string, description: string): TokenAnswer {
  return {
    status,
    body: { error, error_description: description, error_codes: [Number(description.match(/\d+/)?.[0])] },
  };
}

/** From the file at each call, so that a rotated token counts at once. A missing file accepts none. */
function acceptedTokens(settings: MockTenantSettings): readonly string[] {
  if (settings.tokenFile === null) return settings.tokens;
  try {
    return readFileSync(settings.tokenFile, "utf8").split(/\s+/).filter(Boolean);
  } catch {
    return [];
  }
}
