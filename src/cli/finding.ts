import { ConnectorError } from "../kit/errors.ts";
import { hideSecrets } from "../kit/secret.ts";

/** One line of `check`. */
export interface Finding {
  readonly state: "ok" | "warn" | "FAIL";
  /** What was checked, e.g. `tenant contoso, credentials`. */
  readonly check: string;
  /** What was found, on one line. */
  readonly detail: string;
  /** What a person does about it; null where nothing is to be done. */
  readonly remedy: string | null;
}

export const ok = (check: string, detail: string): Finding => ({ state: "ok", check, detail, remedy: null });

export const warn = (check: string, detail: string, remedy: string | null = null): Finding => ({
  state: "warn",
  check,
  detail,
  remedy,
});

export const fail = (check: string, detail: string, remedy: string | null): Finding => ({
  state: "FAIL",
  check,
  detail,
  remedy,
});

/** A message's problem and what it says to do, which those of the rooms end with, after a semicolon. */
export function splitRemedy<T extends string | null>(
  message: string,
  otherwise: T,
): { problem: string; remedy: string | T } {
  const at = message.lastIndexOf("; ");
  if (at < 0) return { problem: message, remedy: otherwise };
  return { problem: message.slice(0, at), remedy: message.slice(at + 2) };
}

/**
 * A failure as a finding.
 * @param otherwise the remedy where the message has none.
 * @throws `error` when it is none of ours: a bug is no finding.
 */
export function failed(check: string, error: unknown, otherwise: string | null = null): Finding {
  if (!(error instanceof ConnectorError)) throw error;
  const { problem, remedy } = splitRemedy(`${error.code}: ${error.message}`, otherwise);
  return fail(check, problem, remedy);
}

/** What a peer said may repeat what it was sent. */
export const withoutSecrets = (finding: Finding): Finding => ({ ...finding, detail: hideSecrets(finding.detail) });

/** A finding for people: its remedy beside it. */
export function findingLine({ state, check, detail, remedy }: Finding): string {
  const told = `${state.padEnd(4)}  ${check}: ${detail}`.replaceAll(/\s*\n\s*/g, "; ");
  return remedy === null ? told : `${told} -> ${remedy}`;
}

/** 0 when `run` can start, 1 when it cannot. */
export const exitCodeOf = (findings: readonly Finding[]): number =>
  findings.some((finding) => finding.state === "FAIL") ? 1 : 0;
