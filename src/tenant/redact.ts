import { hideSecrets } from "../kit/secret.ts";

const EXCERPT_MAX_CHARACTERS = 200;
/** More than this of a text is never looked at. */
const TEXT_MAX_CHARACTERS = 16 * 1024;
const HIDDEN = "[redacted]";

/** What looks like a credential, wherever it stands. Every pattern takes linear time. */
const SECRET_PATTERNS: readonly RegExp[] = [
  // Header forms: the scheme may be told, its value not.
  /(?<=\b(?:authorization|token|bearer|basic)["']?[ :=]{1,3}["']?)(?:(?:token|bearer|basic) )?[\w.~+/=-]{16,}/gi,
  /(?<=\b(?:client_secret|client_assertion|access_token|refresh_token|password|api[_-]?key)["']?[ :=]{1,3}["']?)[^\s"'&,}]+/gi,
  // JSON web tokens.
  /\beyJ[\w-]+(?:\.[\w-]*)*/g,
  // Long hexadecimal, base64 and base64url; GUIDs and words stay readable.
  /\b[0-9a-f]{32,}\b/gi,
  /[A-Za-z0-9+/_=]{40,}/g,
];

/** `text` on one line, at most 200 characters, without `secrets` and without what looks like a credential. */
export function excerpt(text: string, secrets: readonly string[] = []): string {
  let shown = hideSecrets(text.slice(0, TEXT_MAX_CHARACTERS));
  for (const secret of secrets) {
    if (secret.length >= 4) shown = shown.replace(anyCase(secret), HIDDEN);
  }
  for (const pattern of SECRET_PATTERNS) shown = shown.replace(pattern, HIDDEN);
  shown = shown.replace(/[\s\p{C}\u2028\u2029]+/gu, " ").trim();
  if (shown.length <= EXCERPT_MAX_CHARACTERS) return shown;
  return `${shown.slice(0, EXCERPT_MAX_CHARACTERS - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

/** Host names, for one, are put in lower case on their way. */
function anyCase(text: string): RegExp {
  return new RegExp(text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), "gi");
}
