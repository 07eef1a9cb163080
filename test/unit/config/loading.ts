import { type Loaded, loadConfig } from "../../../src/config/load.ts";
import { ConnectorError } from "../../../src/kit/errors.ts";

export interface Around {
  readonly env?: Record<string, string>;
  readonly sets?: readonly string[];
  /** By absolute path; the configuration file is `/etc/connector/config.yaml`. */
  readonly files?: Record<string, string>;
}

export const MINIMAL = `
tenants:
  contoso:
    apiUrl: https://contoso.us3.portal.cloudappsecurity.com
    auth: { token: "\${env:CONTOSO_TOKEN}" }
`;

export const FILE = "/etc/connector/config.yaml";

/** Loads from memory; `CONTOSO_TOKEN` is set unless `env` says otherwise. */
export function load(yaml: string, { env = {}, sets = [], files = {} }: Around = {}): Loaded {
  const all: Record<string, string> = { [FILE]: yaml, ...files };
  const readFile = (path: string): string => {
    const text = all[path];
    if (text === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });
    return text;
  };
  return loadConfig({ file: FILE, sets, env: { CONTOSO_TOKEN: "t0ken", ...env } }, readFile);
}

/** The lines of the error that loading ends in, without the first, which counts them. */
export function problemsOf(yaml: string, around: Around = {}): string[] {
  try {
    load(yaml, around);
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.code !== "config_invalid") throw error;
    return error.message
      .split("\n")
      .slice(1)
      .map((line) => line.trim());
  }
  return [];
}
