import { z } from "zod";
import { DURATION, parseDurationMs, parseSizeBytes, parseStart, SIZE } from "./units.ts";

/**
 * The kinds of single values. The `error` of each is what is *allowed*, in a person's words: a problem is
 * reported as the value found and this text.
 */

/** Names of tenants and scans: they stand in keys, labels, headers and topic names. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;
export const NAME_ALLOWED = "a name of letters, digits, - and _ that starts with a letter or digit, at most 63 long";

export const TOPIC_NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/;
export const TOPIC_ALLOWED = "a topic name: letters, digits, ., - and _, at most 249 long";

export const name = () => z.string({ error: NAME_ALLOWED }).regex(NAME, { error: NAME_ALLOWED });

export function text(allowed: string, pattern = /\S/) {
  return z.string({ error: allowed }).regex(pattern, { error: allowed });
}

/** A secret is marked `writeOnly` in the JSON Schema; by that mark its value is never shown. */
export function secret(what: string) {
  const allowed = `${what}, best as \${file:PATH} or \${env:NAME}`;
  return z.string({ error: allowed }).min(1, { error: allowed }).meta({ writeOnly: true });
}

export function flag() {
  return z.boolean({ error: "true or false" });
}

export function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, { error: values.join(", ") });
}

export function whole(min: number, max: number) {
  const allowed = `a whole number from ${min} to ${max}`;
  return z.int({ error: allowed }).min(min, { error: allowed }).max(max, { error: allowed });
}

/** Becomes ms. */
export function duration(min: string, max: string) {
  const allowed = `a duration from ${min} to ${max}, written like 250ms, 10s, 15m, 12h or 1d`;
  const [minMs, maxMs] = [parseDurationMs(min) ?? 0, parseDurationMs(max) ?? 0];
  return z
    .string({ error: allowed })
    .regex(DURATION, { error: allowed, abort: true })
    .transform((value) => parseDurationMs(value) ?? Number.NaN)
    .refine((ms) => ms >= minMs && ms <= maxMs, { error: allowed });
}

/** Becomes bytes. */
export function size(min: string, max: string) {
  const allowed = `a size from ${min} to ${max}, written like 512KiB, 64MiB or 1GiB`;
  const [minBytes, maxBytes] = [parseSizeBytes(min) ?? 0, parseSizeBytes(max) ?? 0];
  return z
    .string({ error: allowed })
    .regex(SIZE, { error: allowed, abort: true })
    .transform((value) => parseSizeBytes(value) ?? Number.NaN)
    .refine((bytes) => bytes >= minBytes && bytes <= maxBytes, { error: allowed });
}

export function start() {
  const allowed = 'an age (1d, 12h), an instant with its offset (2026-11-01T00:00:00Z) or "now"';
  return z
    .string({ error: allowed })
    .refine((value) => parseStart(value) !== null, { error: allowed, abort: true })
    .transform((value) => parseStart(value) ?? { kind: "now" as const });
}

/** An http or https address without credentials, query or fragment; `plain` says where http is taken. */
export function address(allowed: string, plain: "loopback" | "anywhere") {
  return z.string({ error: allowed }).refine((value) => isAddress(value, plain), { error: allowed });
}

/** Whether a host name means this machine. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function isAddress(value: string, plain: "loopback" | "anywhere"): boolean {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") return false;
  if (url.protocol === "https:") return true;
  return url.protocol === "http:" && (plain === "anywhere" || isLoopback(url.hostname));
}
