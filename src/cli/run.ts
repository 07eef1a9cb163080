import type { ArgumentsCamelCase, CommandModule } from "yargs";
import type { Config } from "../config/config.ts";
import { maskedConfig } from "../config/mask.ts";
import { runConnector } from "../connector/connector.ts";
import { systemClock } from "../kit/clock.ts";
import type { Event } from "../observe/events.ts";
import { openHttp, type Readiness } from "../observe/http.ts";
import { readPageFiles } from "../observe/page-files.ts";
import { openTelemetry } from "../observe/telemetry.ts";
import { openTracing } from "../observe/tracing.ts";
import type { CommandContext } from "./cli.ts";
import { Reload } from "./reload.ts";
import {
  type ConfigArgs,
  configOptions,
  connectKafka,
  connectTenant,
  schemaIdFor,
  version,
  watchConfig,
} from "./wiring.ts";

/** `run`: the connector, until it is stopped. */
export function runCommand({ signal }: CommandContext): CommandModule<object, ConfigArgs> {
  return {
    command: "run",
    describe: "scan the configured tenants without end and publish their activities to Kafka",
    builder: (yargs) =>
      yargs
        .options(configOptions)
        .example("$0 run -c mdca.yaml", "everything from one file")
        .example("$0 run -c mdca.yaml --set log.level=debug", "one option by flag")
        .example("MDCA_SOURCE__HTTP__PORT=9500 $0 run -c mdca.yaml", "one option by environment"),
    handler: (args: ArgumentsCamelCase<ConfigArgs>) => run(args, signal),
  };
}

async function run(args: ConfigArgs, signal: AbortSignal): Promise<void> {
  const { loaded, watch } = watchConfig(args);
  const { config, warnings } = loaded;
  using _reload = onSignal("SIGHUP", () => watch.ask());
  await using telemetry = openTelemetry(
    {
      version,
      tenants: config.tenants,
      scans: config.scans,
      shards: config.topics.cursors.partitions,
      log: { level: config.log.level, pretty: process.stdout.isTTY === true, sink: process.stdout },
    },
    systemClock,
  );
  using _level = onSignal("SIGUSR2", () => telemetry.toggleDebug());
  for (const warning of warnings) telemetry.warn(warning);
  const stages = new Stages();
  const emit = (event: Event) => {
    stages.see(event);
    telemetry.emit(event);
  };
  const tracingDeps = { version, clock: systemClock, warn: (message: string) => telemetry.warn(message) };
  await using tracing = await openTracing(process.env, tracingDeps);
  const following = {
    configure: (next: Config) => telemetry.configure({ ...next, logLevel: next.log.level }),
    warn: (message: string) => telemetry.warn(message),
    emit,
    clock: systemClock,
  };
  const reload = new Reload(watch, following, config);
  await using _http = await openHttp(config.http, {
    metrics: () => telemetry.metrics(),
    status: () => ({ ...telemetry.status(), config: maskedConfig(reload.inForce) }),
    history: (scan) => telemetry.history(scan),
    ready: () => stages.readiness,
    page: readPageFiles(),
  });
  await using kafka = connectKafka(config, {
    emit,
    log: ({ level, message }) => {
      if (level === "warn") telemetry.warn(message);
    },
  });
  await runConnector(
    {
      config,
      version,
      kafka,
      openTenant: (tenant, mayAsk) => connectTenant(config, tenant, { mayAsk }),
      openSchema: schemaIdFor(config),
      clock: systemClock,
      random: Math.random,
      emit,
      reconfigured: (reconfigure, stop) => reload.run(reconfigure, stop),
      ...(tracing.trace === undefined ? {} : { trace: tracing.trace }),
    },
    signal,
  );
}

/**
 * SIGUSR2 asks for more of the log, and then for less again; SIGHUP for the configuration to be read again. Where there
 * are no such signals, nothing is heard of them.
 */
function onSignal(name: "SIGHUP" | "SIGUSR2", act: () => void): Disposable {
  if (process.platform === "win32") return { [Symbol.dispose]() {} };
  process.on(name, act);
  return { [Symbol.dispose]: () => void process.off(name, act) };
}

/** Ready as a member of the group: no shard, a scan that is blocked, or a tenant that is down, does not change that. */
class Stages {
  #stage = "starting";

  see(event: Event): void {
    if (event.type === "stage" && event.subject === "connector") this.#stage = event.stage;
  }

  get readiness(): Readiness {
    return { ready: this.#stage === "running", reason: this.#stage };
  }
}
