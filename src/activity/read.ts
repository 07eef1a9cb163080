import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import type { Defect, JsonObject, ReadActivity } from "./reading.ts";
import { isWellFormed } from "./unicode.ts";

/**
 * Reads one activity as far as it can be read; never throws. An `_id` is usable when it is a non-empty string
 * of well-formed Unicode: a number may have lost digits beyond 2^53, and ids that differ only in lone
 * surrogates would be one and the same as UTF-8, so both count as none. One larger than `limitBytes` still
 * gets its id and times. Whether a missing time matters depends on the cursor field: `no_time` is the
 * caller's to say.
 */
export function readActivity(bytes: Buffer, limitBytes: number): ReadActivity {
  const text = isUtf8(bytes) ? bytes.toString("utf8") : null;
  const value = text === null ? undefined : parse(text);
  const json = isJsonObject(value) ? value : null;
  const id = json === null ? null : usableId(json["_id"]);
  return {
    bytes,
    text,
    json,
    id: id ?? createHash("sha256").update(bytes).digest("hex"),
    createdMs: integer(json?.["created"]),
    dateMs: integer(json?.["timestamp"]),
    service: integer(json?.["appId"]),
    defect: firstDefect({ text, value, json, id, tooLarge: bytes.length > limitBytes }),
  };
}

/** True for what JSON calls an object: neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Undefined when `text` is not JSON, which no JSON text can mean. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function usableId(id: unknown): string | null {
  return typeof id === "string" && id !== "" && isWellFormed(id) ? id : null;
}

function integer(value: unknown): number | null {
  return Number.isSafeInteger(value) ? Number(value) : null;
}

function firstDefect(read: {
  text: string | null;
  value: unknown;
  json: JsonObject | null;
  id: string | null;
  tooLarge: boolean;
}): Defect | null {
  if (read.text === null) return "invalid_utf8";
  if (read.value === undefined) return "not_json";
  if (read.json === null) return "not_an_object";
  if (read.tooLarge) return "too_large";
  return read.id === null ? "no_id" : null;
}
