import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Config, TenantConfig } from "../config/config.ts";
import { type Loaded, loadConfig } from "../config/load.ts";
import { ConnectorError, configInvalid } from "../kit/errors.ts";
import { type ConfigArgs, configOptions } from "./wiring.ts";

/** Holds the API token when there is neither a configuration nor a token file. */
const TOKEN_VARIABLE = "MDCA_TOKEN";
/** What the tenant given by `--url` is called in `--set`. */
const DIRECT = "tenant";

export interface TenantArgs extends ConfigArgs {
  readonly tenant: string | undefined;
  readonly url: string | undefined;
  readonly tokenFile: string | undefined;
  readonly token: unknown;
  readonly requestsPerMinute: number | undefined;
}

export const tenantOptions = {
  ...configOptions,
  tenant: { type: "string", describe: "which of the configuration's tenants; needed when there are several" },
  url: { type: "string", describe: "API URL of a tenant, instead of a configuration" },
  "token-file": {
    type: "string",
    describe: `file with the API token, for --url; without it the environment's ${TOKEN_VARIABLE} is used`,
  },
  token: { hidden: true },
  "requests-per-minute": {
    type: "number",
    describe: "at most this many requests a minute; the tenant's 30 are shared by all its clients",
  },
} as const;

export interface ChosenTenant {
  readonly config: Config;
  readonly tenant: TenantConfig;
  /** What to call it in messages. */
  readonly label: string;
  readonly warnings: readonly string[];
}

/**
 * The tenant that the flags name: one of the configuration's, or one by its address and token. Entra is for
 * configurations only.
 * @throws ConnectorError `config_invalid`
 */
export function readTenant(args: TenantArgs, env: Readonly<Record<string, string | undefined>>): ChosenTenant {
  if (args.token !== undefined) {
    throw configInvalid(
      "a token is not taken on the command line, where every user of this machine could read it and the shell's " +
        `history would keep it: use --token-file PATH, or the environment variable ${TOKEN_VARIABLE}`,
    );
  }
  return args.url === undefined ? fromConfig(args, env) : direct(args, args.url, env);
}

function fromConfig(args: TenantArgs, env: Readonly<Record<string, string | undefined>>): ChosenTenant {
  if (args.config === undefined && args.set.length === 0) {
    throw configInvalid("which tenant? Give --config FILE (and --tenant NAME), or --url URL and --token-file PATH");
  }
  if (args.tokenFile !== undefined) throw configInvalid("--token-file goes with --url; a configuration names its own");
  const { config, warnings } = load(args.config ?? null, args.set, env);
  const names = config.tenants.map((tenant) => tenant.name);
  if (args.tenant === undefined && names.length > 1) {
    throw configInvalid(`which tenant? Give --tenant with one of ${names.join(", ")}`);
  }
  const found = config.tenants.find((tenant) => tenant.name === (args.tenant ?? names[0]));
  if (found === undefined) throw configInvalid(`there is no tenant "${args.tenant}"; known are ${names.join(", ")}`);
  return { config, tenant: paced(found, args.requestsPerMinute), label: found.name, warnings };
}

function direct(args: TenantArgs, url: string, env: Readonly<Record<string, string | undefined>>): ChosenTenant {
  if (args.config !== undefined) throw configInvalid("give either --config or --url, not both");
  if (args.tenant !== undefined) throw configInvalid("--tenant goes with --config; --url is the tenant");
  const { tokenFile } = args;
  if (tokenFile === undefined && (env[TOKEN_VARIABLE] ?? "") === "") {
    throw configInvalid(
      `no token for --url: give --token-file PATH, or set the environment variable ${TOKEN_VARIABLE}`,
    );
  }
  const token = tokenFile === undefined ? `\${env:${TOKEN_VARIABLE}}` : `\${file:${resolve(tokenFile)}}`;
  const sets = [`tenants.${DIRECT}.apiUrl=${url}`, `tenants.${DIRECT}.auth.token=${token}`, ...args.set];
  const { config, warnings } = loadDirect(sets, { [TOKEN_VARIABLE]: env[TOKEN_VARIABLE] });
  const [tenant] = config.tenants;
  if (tenant === undefined || config.tenants.length > 1)
    throw configInvalid(`--set: only tenants.${DIRECT} goes with --url`);
  return { config, tenant: paced(tenant, args.requestsPerMinute), label: new URL(tenant.apiUrl).host, warnings };
}

/** Problems are told of the flags, not of the settings that they stand for. */
function loadDirect(sets: readonly string[], env: Readonly<Record<string, string | undefined>>): Loaded {
  const named = (option: string) => `tenants.${DIRECT}.${option} (--set tenants.${DIRECT}.${option})`;
  try {
    return load(null, sets, env);
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    const told = error.message
      .replaceAll(named("apiUrl"), "--url")
      .replaceAll(named("auth.token"), "--token-file")
      .replace("configuration from overrides", "--url and its flags");
    throw configInvalid(told);
  }
}

function paced(tenant: TenantConfig, requestsPerMinute: number | undefined): TenantConfig {
  if (requestsPerMinute === undefined) return tenant;
  if (Number.isSafeInteger(requestsPerMinute) && requestsPerMinute >= 2) return { ...tenant, requestsPerMinute };
  throw configInvalid(`--requests-per-minute: found ${requestsPerMinute}; allowed: a whole number from 2`);
}

function load(file: string | null, sets: readonly string[], env: Readonly<Record<string, string | undefined>>): Loaded {
  return loadConfig({ file, sets, env }, (path) => readFileSync(path, "utf8"));
}
