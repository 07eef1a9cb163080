import { execFile } from "node:child_process";
import { checkerClasses, kafkaJars, requireSetup } from "./jvm.ts";
import { root } from "./process.ts";

export interface CheckOptions {
  /** `HOST:PORT`, several joined by commas. */
  readonly bootstrap: string;
  readonly topics: readonly string[];
  readonly registry: string;
  /** Files or URLs with the lines that `GET /_truth` gives. */
  readonly truth: string | readonly string[];
  readonly dlq?: string;
  /** Kafka client properties; see `Security.clientProperties`. */
  readonly config?: string;
  /** How many decoded activities to print into `printed`. */
  readonly print?: number;
  readonly timeoutMs?: number;
}

/** What Kafka's Java client and Avro found; every count but those of the first and last lines must be 0. */
export interface CheckReport {
  readonly expected: number;
  readonly published: number;

  readonly missing: number;
  readonly duplicate: number;
  /** `raw` is not what the tenant sent. */
  readonly altered: number;
  /** Published, though the tenant does not show it. */
  readonly unknown: number;
  /** `created` or `timestamp` is not what the tenant says. */
  readonly mistimed: number;
  readonly undecodable: number;

  readonly deadLettered: number;
  readonly withoutRaw: number;
  /** Offsets that an open transaction holds back from every reader. */
  readonly beyondLastStable: number;
  readonly examples: Readonly<Record<string, readonly string[]>>;
}

export interface Checked {
  /** Nothing differs. */
  readonly clean: boolean;
  readonly report: CheckReport;
  readonly printed: string;
}

/** Compares topics with the tenant's truth by programs that are not ours. @throws when it could not be carried out. */
export async function checkTopic(options: CheckOptions): Promise<Checked> {
  requireSetup();
  const truths = typeof options.truth === "string" ? [options.truth] : options.truth;
  const args = [
    ["--bootstrap", options.bootstrap],
    ["--topics", options.topics.join(",")],
    ["--registry", options.registry],
    ...truths.map((truth) => ["--truth", truth]),
    ...(options.dlq === undefined ? [] : [["--dlq", options.dlq]]),
    ...(options.config === undefined ? [] : [["--config", options.config]]),
    ["--print", String(options.print ?? 0)],
  ].flat();
  const { code, stdout, stderr } = await runChecker(args, options.timeoutMs ?? 300_000);
  if (code !== 0 && code !== 1) throw new Error(`the checker could not do its work (exit code ${code}):\n${stderr}`);
  const lines = stdout.trimEnd().split("\n");
  const report = JSON.parse(lines.pop() ?? "") as CheckReport;
  return { clean: code === 0, report, printed: lines.join("\n") };
}

function runChecker(args: readonly string[], timeoutMs: number) {
  const quiet = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8"];
  const java = ["-Xmx1g", "-XX:+UseSerialGC", ...quiet, "-cp", `${checkerClasses}:${kafkaJars}`, "CheckTopic", ...args];
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((settle, reject) => {
    const limits = { cwd: root, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 };
    const child = execFile("java", java, limits, (error, stdout, stderr) => {
      if (error !== null && child.exitCode === null) reject(new Error(`the checker was stopped: ${error.message}`));
      else settle({ code: child.exitCode, stdout, stderr });
    });
  });
}
