import { stringify } from "yaml";
import { Secret } from "../kit/secret.ts";
import type { Config } from "./config.ts";

/** The configuration as plain data for people: secrets by their origin, certificates by their length. */
export function maskedConfig(config: Config): unknown {
  return mask(config);
}

/** The same as YAML. */
export const maskedYaml = (config: Config): string => stringify(maskedConfig(config));

function mask(value: unknown): unknown {
  if (value instanceof Secret) return `[secret from ${value.origin}]`;
  if (typeof value === "string" && value.includes("-----BEGIN")) return `[PEM, ${value.length} characters]`;
  if (Array.isArray(value)) return value.map(mask);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mask(item)]));
}
