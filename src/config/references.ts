import { isAbsolute, join } from "node:path";
import { ConnectorError } from "../kit/errors.ts";
import { Secret } from "../kit/secret.ts";
import { ENV_PREFIX } from "./overrides.ts";

/** Whatever is read while configuring, and again whenever a secret is revealed. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The text of a file; throws what `node:fs` throws. */
  readonly readFile: (path: string) => string;
  /** Relative paths in `${file:…}` and of certificates start here: the folder of the configuration file. */
  readonly folder: string;
}

const REFERENCE = /\$\{(env|file):([^}]*)\}/g;

export function hasReference(text: string): boolean {
  return text.search(REFERENCE) >= 0;
}

/**
 * The text with each `${env:NAME}` and `${file:PATH}` replaced by its value, line ends at its end removed.
 * Other `${…}` stay as they are.
 *
 * @throws ConnectorError `secret_unreadable` when one is missing, unreadable or empty; the message names it and
 *   nothing of its content.
 */
export function fillIn(text: string, around: Surroundings): string {
  return text.replaceAll(REFERENCE, (_, kind: string, name: string) => {
    const value = (kind === "env" ? around.env[name] : readText(name, around))?.replace(/[\r\n]+$/, "");
    if (value === undefined) throw unreadable(`environment variable ${name} is not set`);
    if (value === "") throw unreadable(`${describe(kind, name)} is empty`);
    return value;
  });
}

/** The PEM text that an option holds itself or names by a path. @throws ConnectorError `secret_unreadable` */
export function readPem(textOrPath: string, around: Surroundings): string {
  const pem = textOrPath.includes("-----BEGIN") ? textOrPath : readText(textOrPath, around);
  if (pem.includes("-----BEGIN")) return pem;
  throw unreadable(`file ${textOrPath} holds no PEM text`);
}

/** A secret that is read, with all its references, at each `reveal`. */
export function secretOf(text: string, around: Surroundings): Secret {
  const origins = [...text.matchAll(REFERENCE)].map(([, kind = "", name = ""]) => describe(kind, name));
  return new Secret(origins.join(" and ") || "configuration", () => fillIn(text, around));
}

/** Whether a secret stands readable in the configuration file or on the command line. */
export function isLiteralSecret(text: string): boolean {
  return !hasReference(text);
}

function readText(path: string, around: Surroundings): string {
  try {
    return around.readFile(isAbsolute(path) ? path : join(around.folder, path));
  } catch (error) {
    throw unreadable(`cannot read file ${path}: ${reasonOf(error)}`);
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reasons: Record<string, string> = {
    ENOENT: "it does not exist",
    EACCES: "no permission",
    EISDIR: "it is a folder",
  };
  return reasons[code] ?? (code || "unreadable");
}

function describe(kind: string, name: string): string {
  if (kind === "file") return `file ${name}`;
  return name.startsWith(ENV_PREFIX) ? `override ${name}` : `environment variable ${name}`;
}

function unreadable(message: string): ConnectorError {
  return new ConnectorError("secret_unreadable", message, { disposition: "retry" });
}
