import { ConnectorError } from "../kit/errors.ts";
import type { Secret } from "../kit/secret.ts";

/** Where the `Authorization` header of a tenant's requests comes from. */
export interface Credentials {
  /**
   * The header's value, as it is now.
   * @throws ConnectorError `credentials_refused` or `secret_unreadable` (fatal), `api_unavailable` (retry); or the
   *   reason of `signal`
   */
  authorization(signal: AbortSignal): Promise<string>;
  /** The tenant answered 401 to it. The next call of `authorization` brings another, where there can be one. */
  refused(authorization: string): void;
  /** When the present one expires, epoch ms; null when that is not known. */
  readonly expiresAtMs: number | null;
}

/** The legacy API token. The secret is read again for each request, so a rotated one is used from then on. */
export function legacyToken(token: Secret): Credentials {
  return {
    authorization: async () => `Token ${headerSafe(token)}`,
    refused: () => {},
    expiresAtMs: null,
  };
}

/**
 * The secret as it can stand in a header.
 * @throws ConnectorError `credentials_refused` when it cannot, `secret_unreadable` when it is gone
 */
function headerSafe(secret: Secret): string {
  const value = secret.reveal().trim();
  if (/^[\x21-\x7e]+$/.test(value)) return value;
  const message = `the token from ${secret.origin} has characters that no token has: is it the right file, as text?`;
  throw new ConnectorError("credentials_refused", message, { disposition: "fatal" });
}
