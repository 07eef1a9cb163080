import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "./process.ts";

/** Jars of the broker, of Kafka's Java client, Avro and Jackson. */
export const kafkaJars = join(root, ".cache/kafka/*");
export const registryDir = join(root, ".cache/registry");
export const checkerClasses = join(root, ".cache/checker");

/** Quick to start and small; throughput tests pass others. */
export const smallJvm: readonly string[] = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

export interface ToolOptions {
  readonly cwd?: string;
  readonly timeoutMs?: number;
  readonly stdin?: string;
}

/** Runs a tool of the JDK, of Kafka or of Prometheus to its end; resolves to its stdout. @throws with its output when it fails. */
export async function runTool(argv: readonly string[], options: ToolOptions = {}) {
  const [command, ...args] = argv;
  try {
    const running = promisify(execFile)(command ?? "", args, {
      cwd: options.cwd ?? root,
      timeout: options.timeoutMs ?? 60_000,
      maxBuffer: 64 * 1024 * 1024,
    });
    running.child.stdin?.end(options.stdin ?? "");
    return (await running).stdout;
  } catch (error) {
    const failed = error as { message: string; stdout?: string; stderr?: string };
    throw new Error(`${failed.message}\n${failed.stdout ?? ""}${failed.stderr ?? ""}`);
  }
}

/** @throws saying what to type when `make setup` has not been run. */
export function requireSetup(): void {
  if (!existsSync(join(root, ".cache/artifacts.stamp"))) {
    throw new Error("Kafka and the registry are not there yet: run `make setup`");
  }
}
