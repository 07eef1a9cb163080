import { ConnectorError } from "../kit/errors.ts";
import { excerpt } from "./redact.ts";

/** What a person does about Microsoft's error numbers (Entra authentication error codes). */
const REMEDIES: Readonly<Record<string, string>> = {
  "16000": "check auth.directoryId and auth.cloud",
  "50034": "check auth.directoryId and auth.cloud",
  "53003": "a conditional access policy blocks the application: exempt it or its address",
  "65001": "an administrator has to consent to the application's permission Investigation.Read",
  "70001": "check auth.clientId, and that the application is in the directory auth.directoryId",
  "90002": "there is no such directory in this cloud: check auth.directoryId and auth.cloud",
  "500011": "the directory has no Microsoft Cloud App Security: check auth.directoryId and auth.cloud",
  "700016": "check auth.clientId, and that the application is in the directory auth.directoryId",
  "900023": "auth.directoryId is no directory's id or domain",
  "900382": "the application is in another cloud: check auth.cloud",
  "7000112": "the application is disabled: enable it in Entra",
  "7000215": "auth.clientSecret is wrong: use the secret's value, not its id",
  "7000222": "the client secret has expired: make a new one for the application",
};
const REMEDIES_BY_ERROR: Readonly<Record<string, string>> = {
  invalid_client: "check auth.clientId and auth.clientSecret",
  invalid_tenant: "check auth.directoryId and auth.cloud",
  unauthorized_client: "check auth.clientId, and that the application is in the directory auth.directoryId",
  invalid_scope: "check auth.cloud, and the application's permission Investigation.Read",
};
const REMEDY = "check auth.directoryId, auth.clientId, auth.clientSecret and auth.cloud";

/** The error for a token endpoint that refuses; with Microsoft's code and what to do, without `secrets`. */
export function refusedToken(
  status: number,
  json: Readonly<Record<string, unknown>>,
  host: string,
  secrets: readonly string[],
): ConnectorError {
  const description = typeof json["error_description"] === "string" ? json["error_description"] : "";
  const error = typeof json["error"] === "string" ? excerpt(json["error"], secrets) : "";
  const number = /\bAADSTS(\d{3,9})\b/.exec(description)?.[1] ?? firstNumber(json["error_codes"]);
  const code = number === undefined ? "" : `AADSTS${number}`;
  const remedy = REMEDIES[number ?? ""] ?? REMEDIES_BY_ERROR[error] ?? REMEDY;
  // An unknown code is explained by its own words, those before Microsoft's trace ids.
  const words = REMEDIES[number ?? ""] === undefined ? excerpt(description.split("Trace ID")[0] ?? "", secrets) : "";
  const told = [String(status), error, code, words].filter((part) => part !== "").join(" ");
  return new ConnectorError("credentials_refused", `${host} gives no token (${told}); ${remedy}`, {
    disposition: "fatal",
  });
}

function firstNumber(codes: unknown): string | undefined {
  const first: unknown = Array.isArray(codes) ? codes[0] : undefined;
  return Number.isSafeInteger(first) ? String(first) : undefined;
}
