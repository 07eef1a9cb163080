import type { Exchange } from "./exchange.ts";
import { isJsonObject } from "./read.ts";
import type { SubjectOptions } from "./registry.ts";
import { address, openAsk, parseJson, unavailable } from "./registry-ask.ts";

/** The latest version of a subject. */
export interface SubjectVersion {
  readonly version: number;
  readonly id: number;
  /** Parsed from its text. */
  readonly schema: unknown;
}

/** The latest version of a subject; null where the registry has none. @throws as `openAsk` tells, and for other answers */
export async function latestVersion(
  options: SubjectOptions,
  exchange: Exchange,
  signal: AbortSignal,
): Promise<SubjectVersion | null> {
  const path = `/subjects/${encodeURIComponent(options.subject)}/versions/latest`;
  const { status, json, message } = await openAsk(options, exchange, signal)("GET", path, null);
  if (status === 404) return null;
  const schema = isJsonObject(json) ? parseJson(json["schema"]) : undefined;
  if (status !== 200 || !isJsonObject(json) || schema === undefined) {
    throw unavailable(`the schema registry at ${address(options)} answered ${status} to ${path}: ${message}`);
  }
  return { version: Number(json["version"]), id: Number(json["id"]), schema };
}

/**
 * In which mode a subject is, by itself or by the registry's own: what is not READWRITE takes no new schema. Null where
 * the registry knows no modes, or does not tell. @throws as `openAsk` tells
 */
export async function subjectMode(
  options: SubjectOptions,
  exchange: Exchange,
  signal: AbortSignal,
): Promise<string | null> {
  const ask = openAsk(options, exchange, signal);
  for (const path of [`/mode/${encodeURIComponent(options.subject)}?defaultToGlobal=true`, "/mode"]) {
    const { status, json } = await ask("GET", path, null);
    if (status === 200 && isJsonObject(json) && typeof json["mode"] === "string") return json["mode"];
  }
  return null;
}
