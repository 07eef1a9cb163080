import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes } from "yargs";
import type { Config, TenantConfig } from "../config/config.ts";
import { systemClock } from "../kit/clock.ts";
import { ConnectorError } from "../kit/errors.ts";
import { Budget } from "../tenant/budget.ts";
import { kafkaFindings, registryFindings } from "./check-downstream.ts";
import { type Probed, probeTenant, type TenantProbe, tenantFindings } from "./check-tenant.ts";
import type { CommandContext } from "./cli.ts";
import { exitCodeOf, type Finding, fail, findingLine, ok, warn, withoutSecrets } from "./finding.ts";
import { costFindings } from "./reader-cost.ts";
import { configOptions, connectKafka, connectTenant, readConfig, schemaIdFor } from "./wiring.ts";

const options = {
  ...configOptions,
  output: { choices: ["text", "json"] as const, default: "text" as const, describe: "how to print the findings" },
} as const;

type Flags = InferredOptionTypes<typeof options>;

/** `check`: every precondition of `run`, one line each; leaves nothing behind. */
export function checkCommand({ signal, done }: CommandContext): CommandModule<object, Flags> {
  return {
    command: "check",
    describe: "check everything that run needs: configuration, tenants, brokers, topics, schema registry",
    builder: (yargs) =>
      yargs
        .options(options)
        .epilogue("At most two requests a tenant; no topic is created and no schema registered. Exits 0, 1 or 2.")
        .example("$0 check -c mdca.yaml", "one line a finding, its remedy beside it")
        .example("$0 check -c mdca.yaml --output json", "for programs"),
    handler: async (args: ArgumentsCamelCase<Flags>) => done(await check(args, signal)),
  };
}

async function check(args: ArgumentsCamelCase<Flags>, signal: AbortSignal): Promise<number> {
  const findings: Finding[] = [];
  const tell = (found: readonly Finding[]) => {
    const told = found.map(withoutSecrets);
    findings.push(...told);
    if (args.output === "text") for (const finding of told) process.stdout.write(`${findingLine(finding)}\n`);
  };
  const config = configuration(args, tell);
  if (config !== null) await checkAll(config, tell, signal);
  const exitCode = config === null ? 2 : exitCodeOf(findings);
  if (args.output === "json") {
    process.stdout.write(`${JSON.stringify({ ok: exitCode === 0, findings }, null, 2)}\n`);
  }
  return exitCode;
}

type Tell = (found: readonly Finding[]) => void;

/** Null when it is wrong, which every problem has been told of. */
function configuration(args: ArgumentsCamelCase<Flags>, tell: Tell): Config | null {
  const where = args.config ?? "overrides";
  try {
    const { config, warnings } = readConfig(args);
    const { tenants, scans } = config;
    tell([ok("configuration", `${where} is right; tenants: ${tenants.length}, scans: ${scans.length}`)]);
    tell(warnings.map((warning) => warn("configuration", warning)));
    tell(costFindings(config));
    return config;
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    const [head = "", ...problems] = error.message.split("\n");
    tell((problems.length > 0 ? problems : [head]).map((problem) => fail("configuration", problem.trim(), null)));
    return null;
  }
}

/** Everything beyond this machine, side by side; told in one order. */
async function checkAll(config: Config, tell: Tell, signal: AbortSignal): Promise<void> {
  const kafka = connectKafka(config);
  const lookUp = schemaIdFor({ ...config, schemaRegistry: { ...config.schemaRegistry, autoRegisterSchemas: false } });
  try {
    const parts = [
      ...config.tenants.map((tenant) => checkTenant(config, tenant, signal)),
      kafkaFindings(config, kafka, signal),
      registryFindings(config, lookUp, signal),
    ];
    const settled = await Promise.allSettled(parts);
    for (const part of settled) {
      if (part.status === "rejected") throw part.reason;
      tell(part.value);
    }
  } finally {
    await kafka[Symbol.asyncDispose]();
  }
}

/** One request to a tenant, and another where the first failed for a reason that may be gone in a moment. */
async function checkTenant(config: Config, tenant: TenantConfig, signal: AbortSignal): Promise<Finding[]> {
  const scan = config.scans.find((each) => each.tenant === tenant.name);
  const field = scan?.cursorField === "date" ? "date" : "created";
  const probe: TenantProbe = { scan: scan?.name ?? "", filters: scan?.filters ?? {}, field };
  try {
    await using client = connectTenant(config, tenant);
    const budget = new Budget({ requests: tenant.requestsPerMinute }, systemClock.monotonicMs());
    const ask = async (): Promise<Probed> => {
      await systemClock.sleep(budget.waitMs(systemClock.monotonicMs()), signal);
      budget.sent(systemClock.monotonicMs());
      try {
        return await probeTenant(client, probe, systemClock.nowMs(), signal);
      } finally {
        budget.answered(systemClock.monotonicMs());
      }
    };
    const first = await ask();
    const again = first.answer.verdict.kind === "retry" || first.answer.status === 401;
    return tenantFindings({ name: tenant.name, host: new URL(tenant.apiUrl).host }, probe, again ? await ask() : first);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ConnectorError)) throw error;
    return [fail(`tenant ${tenant.name}`, `${error.code}: ${error.message}`, null)];
  }
}
