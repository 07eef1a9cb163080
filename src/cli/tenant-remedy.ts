import type { ErrorCode } from "../kit/errors.ts";
import type { Answer } from "../tenant/answer.ts";
import { connectionRemedy, type ReachedBy } from "./connection-remedy.ts";
import { splitRemedy } from "./finding.ts";

/** What a person calls an answer that is no page, and does about it. */
export interface Trouble {
  readonly code: ErrorCode;
  /** One line, redacted. */
  readonly problem: string;
  readonly remedy: string;
}

const LOGIN =
  "check the token (Settings > Security extensions > API tokens in the portal), or for Entra directoryId, clientId " +
  "and clientSecret";
const PERMISSION =
  "grant the Entra application Investigation.Read of Microsoft Cloud App Security (application permission, with " +
  "admin consent), or use a token whose user may read activities";

const BY_CONFIGURATION: ReachedBy = { address: "apiUrl", ca: "ca", proxy: "proxy", proxyVariable: null };
const UNREACHED = "check apiUrl, name resolution, firewall and proxy, and for a private certificate authority `ca`";
const UNWELL = "the tenant, or a proxy before it, is in trouble or answers too slowly: try again later";

/** What is wrong with a tenant by its answer; null when the answer is a page. */
export function troubleOf({ verdict, status }: Answer, reachedBy: ReachedBy = BY_CONFIGURATION): Trouble | null {
  switch (verdict.kind) {
    case "page":
      return null;
    case "throttled": {
      const seconds = Math.ceil(verdict.waitMs / 1_000);
      return {
        code: "api_throttled",
        problem: `throttled: it asks to wait ${seconds} s`,
        remedy: "others use the tenant's 30 requests a minute too: wait, or lower requestsPerMinute",
      };
    }
    case "unauthorized":
      if (status === null) return { code: "credentials_refused", ...splitRemedy(verdict.reason, LOGIN) };
      return { code: "api_unauthorized", problem: verdict.reason, remedy: status === 403 ? PERMISSION : LOGIN };
    case "rejected":
      return {
        code: "api_rejected",
        problem: verdict.reason,
        remedy: "the API refuses these filters: check their operators and values",
      };
    case "contract":
      return {
        code: "api_contract",
        problem: verdict.reason,
        remedy:
          "set apiUrl to the address under Settings > Cloud Apps > About in the portal, not the portal's own page",
      };
    case "too_large":
      return { code: "page_too_large", problem: verdict.reason, remedy: "raise memory.pages or limits.body" };
    case "retry":
      return {
        code: "api_unavailable",
        problem: verdict.reason,
        remedy: connectionRemedy(verdict.connectionCode ?? null, reachedBy) ?? (status === null ? UNREACHED : UNWELL),
      };
    default:
      return verdict satisfies never;
  }
}
