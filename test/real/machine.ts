import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { kafkaJars } from "./jvm.ts";
import { root } from "./process.ts";

/** What figures were measured on. */
export interface Machine {
  readonly takenAt: string;
  readonly commit: string;
  /** Whether files differed from the commit. */
  readonly dirty: boolean;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  readonly platform: string;
  /** Of the last minute, when it began: much more than 0 means that others used the machine, too. */
  readonly load: number;
}

/** @param paths what the figures depend on. */
export function machine(paths: readonly string[]): Machine {
  const [first] = cpus();
  return {
    takenAt: new Date().toISOString(),
    commit: git("rev-parse", "--short", "HEAD"),
    dirty: git("status", "--porcelain", "--", ...paths) !== "",
    cpu: first?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}

/** Of the client and of the brokers that tests use. */
export interface KafkaVersions {
  readonly kafkajs: string;
  readonly kafka: string;
}

export function kafkaVersions(): KafkaVersions {
  const client = JSON.parse(readFileSync(join(root, "node_modules/kafkajs/package.json"), "utf8")) as {
    version: string;
  };
  const jar = /^kafka_[\d.]+-([\d.]+)\.jar$/;
  const found = readdirSync(dirname(kafkaJars)).flatMap((name) => jar.exec(name)?.[1] ?? []);
  return { kafkajs: client.version, kafka: found[0] ?? "unknown" };
}

function git(...args: string[]): string {
  try {
    return execFileSync("git", args, { cwd: root, stdio: ["ignore", "pipe", "ignore"] })
      .toString()
      .trim();
  } catch {
    return "unknown";
  }
}
