import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes } from "yargs";
import type { Config, TenantConfig } from "../config/config.ts";
import { systemClock } from "../kit/clock.ts";
import { ConnectorError } from "../kit/errors.ts";
import { Budget } from "../tenant/budget.ts";
import { brokerFindings } from "./check-brokers.ts";
import { registryFindings } from "./check-registry.ts";
import { type Probed, probeTenant, type TenantProbe, tenantFindings } from "./check-tenant.ts";
import type { CommandContext } from "./cli.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";
import { costFindings } from "./reader-cost.ts";
import { outputOption, Told } from "./told.ts";
import { checkBrokersOf, configOptions, connectKafka, connectRegistry, connectTenant, readConfig } from "./wiring.ts";

const options = { ...configOptions, ...outputOption } as const;

type Flags = InferredOptionTypes<typeof options>;

/** `check`: every precondition of `run`, one line each; leaves nothing behind. */
export function checkCommand({ signal, done }: CommandContext): CommandModule<object, Flags> {
  return {
    command: "check",
    describe: "check everything that run needs: configuration, tenants, brokers, topics, schema registry",
    builder: (yargs) =>
      yargs
        .options(options)
        .epilogue(
          "At most two requests a tenant. Leaves nothing behind: no topic, no schema, no group, and of the transaction that " +
            "is tried nothing is committed. The running connector is neither fenced nor rebalanced. Exits 0 when run can " +
            "start, 1 when it cannot, 2 where the configuration is wrong.",
        )
        .example("$0 check -c mdca.yaml", "one line a finding, its remedy beside it")
        .example("$0 check -c mdca.yaml --output json", "for programs"),
    handler: async (args: ArgumentsCamelCase<Flags>) => done(await check(args, signal)),
  };
}

async function check(args: ArgumentsCamelCase<Flags>, signal: AbortSignal): Promise<number> {
  const told = new Told(args.output);
  const config = configuration(args, told.tell);
  if (config === null) return told.end(2);
  await checkAll(config, told.tell, signal);
  return told.end();
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
  await using kafka = connectKafka(config);
  const brokers = {
    checkBrokers: checkBrokersOf(config),
    shardOf: (tenant: string) => kafka.shardOf(tenant),
    nowMs: systemClock.nowMs(),
  };
  const settled = await Promise.allSettled([
    ...config.tenants.map((tenant) => checkTenant(config, tenant, signal)),
    brokerFindings(config, brokers, signal),
    registryFindings(config, connectRegistry(config), signal),
  ]);
  for (const part of settled) {
    if (part.status === "rejected") throw part.reason;
    tell(part.value);
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
    const host = new URL(tenant.apiUrl).host;
    const proxyVariable = tenant.proxy === null ? proxyOf(process.env) : null;
    return tenantFindings({ name: tenant.name, host, proxyVariable }, probe, again ? await ask() : first);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ConnectorError)) throw error;
    return [fail(`tenant ${tenant.name}`, `${error.code}: ${error.message}`, null)];
  }
}

/** The variable that names a proxy to other programs; null where none does. */
const proxyOf = (env: Readonly<Record<string, string | undefined>>): string | null =>
  ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].find((name) => (env[name] ?? "") !== "") ?? null;
