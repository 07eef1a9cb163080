/**
 * Starts three brokers, or takes those of BROKERS=HOST:PORT,…, and runs the stand-alone reproduction against them; what
 * `make reproduce` calls. The script itself needs nothing of this project.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { startCluster3 } from "../real/broker.ts";

const script = join(import.meta.dirname, "kafkajs-loss.mjs");
const given = process.env["BROKERS"];
await using cluster = given === undefined ? await startCluster3() : null;
const { status } = spawnSync(process.execPath, [script, given ?? cluster?.bootstrap ?? ""], { stdio: "inherit" });
process.exitCode = status ?? 1;
