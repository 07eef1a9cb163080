import yargs, { type FallbackCompletionFunction } from "yargs";
import { ConnectorError, describeError } from "../kit/errors.ts";
import { hideSecrets } from "../kit/secret.ts";
import { backfillCommand } from "./backfill.ts";
import { checkCommand } from "./check.ts";
import { completionsOf } from "./completion.ts";
import { configCommand } from "./config-command.ts";
import { cursorCommand } from "./cursor.ts";
import { mockTenantCommand } from "./mock-tenant.ts";
import { planCommand } from "./plan.ts";
import { probeCommand } from "./probe.ts";
import { runCommand } from "./run.ts";
import { scanCommand } from "./scan.ts";
import { schemaCommand } from "./schema.ts";
import { statusCommand } from "./status.ts";
import { StopRequested } from "./stop.ts";
import { topicsCommand } from "./topics.ts";
import { verifyCommand } from "./verify.ts";
import { version } from "./wiring.ts";

/** A command line that cannot be understood. */
class UsageError extends Error {}

/**
 * Runs one command and returns its exit code: 0 done, 1 failed, 2 wrong usage or configuration, 130 or 143 by
 * signal after a clean stop. Nothing is thrown; what went wrong is on standard error.
 */
export async function runCli(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const outcome = { exitCode: 0 };
  const done = (exitCode: number) => {
    outcome.exitCode = exitCode;
  };
  const context = { signal, done };
  const parser = yargs([...argv])
    .scriptName("mdca-kafka-source")
    .usage("$0 <command>\n\nScans the activities of Defender for Cloud Apps tenants and publishes each once to Kafka.")
    .command(runCommand(context))
    .command(scanCommand(context))
    .command(checkCommand(context))
    .command(probeCommand(context))
    .command(planCommand(context))
    .command(statusCommand(context))
    .command(cursorCommand(context))
    .command(backfillCommand(context))
    .command(verifyCommand(context))
    .command(topicsCommand(context))
    .command(schemaCommand(context))
    .command(configCommand)
    .command(mockTenantCommand(context))
    .completion("completion", "print a script that completes commands in bash, zsh and fish", complete(argv))
    .demandCommand(1, "a command is missing")
    .recommendCommands()
    .strict()
    .version(version)
    .help()
    .alias("help", "h")
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new UsageError(message);
    });
  try {
    await parser.parseAsync();
    return outcome.exitCode;
  } catch (error) {
    return failed(error, signal);
  }
}

/** What every command needs from outside. */
export interface CommandContext {
  readonly signal: AbortSignal;
  /** Sets the exit code of a command that has ended by itself; 0 otherwise. */
  done(exitCode: number): void;
}

/** The first word is yargs' own flag, the second this program's name. */
const complete =
  (argv: readonly string[]): FallbackCompletionFunction =>
  (_current, _argv, others, done) => {
    const own = completionsOf(argv.slice(2));
    if (own === null) others();
    else done([...own]);
  };

function failed(error: unknown, signal: AbortSignal): number {
  if (signal.aborted && signal.reason instanceof StopRequested && error === signal.reason) {
    return signal.reason.exitCode;
  }
  if (error instanceof UsageError) {
    process.stderr.write(`mdca-kafka-source: ${error.message}\nTry --help.\n`);
    return 2;
  }
  const code = error instanceof ConnectorError ? error.code : null;
  const text = code === null && error instanceof Error ? (error.stack ?? error.message) : describeError(error);
  process.stderr.write(hideSecrets(`mdca-kafka-source: ${code === null ? "" : `${code}: `}${text}\n`));
  return code === "config_invalid" ? 2 : 1;
}
