import { activityTopicsOf, type Config } from "../config/config.ts";
import { ConnectorError, connectionCode } from "../kit/errors.ts";
import { connectionRemedy } from "./connection-remedy.ts";
import { type Finding, fail, failed, ok } from "./finding.ts";
import type { Subjects } from "./wiring.ts";

/**
 * The registry, and whether it has or takes our schema for each topic; nothing is registered.
 * @throws the reason of `signal`.
 */
export async function registryFindings(
  config: Config,
  registry: Pick<Subjects, "schemaId" | "mode">,
  signal: AbortSignal,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { name } of activityTopicsOf(config)) {
    const check = `schema of ${name}`;
    try {
      findings.push(await schemaFinding(config, { name, check, registry }, signal));
    } catch (error) {
      signal.throwIfAborted();
      findings.push(registryFailure(check, error));
    }
  }
  return findings;
}

interface Asked {
  readonly name: string;
  readonly check: string;
  readonly registry: Pick<Subjects, "schemaId" | "mode">;
}

async function schemaFinding(config: Config, { name, check, registry }: Asked, signal: AbortSignal): Promise<Finding> {
  try {
    return ok(check, `is registered with id ${await registry.schemaId(name, false, signal)}`);
  } catch (error) {
    const isMissing = error instanceof ConnectorError && error.code === "schema_missing";
    if (!isMissing || !config.schemaRegistry.autoRegisterSchemas) throw error;
  }
  const mode = await registry.mode(name, signal);
  if (mode === null || mode === "READWRITE") {
    return ok(check, "is not registered yet, and would be compatible; run registers it");
  }
  const problem = `schema_missing: is not registered yet, and the registry takes nothing new: it is in mode ${mode}`;
  const remedy = "have it put into mode READWRITE, or have those who may register what `schema print` prints";
  return fail(check, problem, remedy);
}

const REACHED_BY = { address: "schemaRegistry.url", ca: "schemaRegistry.ca", proxy: null, proxyVariable: null };

/** @throws `error` when it is none of ours */
export const registryFailure = (check: string, error: unknown): Finding => failed(check, error, registryRemedy(error));

function registryRemedy(error: unknown): string | null {
  const byCode = connectionRemedy(connectionCode(error), REACHED_BY);
  if (byCode !== null || !(error instanceof ConnectorError) || error.code !== "registry_unavailable") return byCode;
  return "check schemaRegistry.url, that it is a schema registry's, and that the registry is well";
}
