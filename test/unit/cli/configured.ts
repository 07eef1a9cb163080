import type { Config } from "../../../src/config/config.ts";
import { loadConfig } from "../../../src/config/load.ts";

/** The configuration of one tenant, contoso, with options set as by `--set`. */
export function configOf(...sets: string[]): Config {
  const base = ["tenants.contoso.apiUrl=https://contoso.example", `tenants.contoso.auth.token=\${env:T}`];
  return loadConfig({ file: null, sets: [...base, ...sets], env: { T: "t" } }, () => "").config;
}
