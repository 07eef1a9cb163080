import { readdirSync } from "node:fs";
import { join } from "node:path";
import { registryDir, requireSetup, smallJvm } from "./jvm.ts";
import { discard, freePort, logsDir, type Running, scratchDir, start } from "./process.ts";

/** A real schema registry on loopback with the Confluent-compatible API. Schemas survive a stop and a start. */
export interface Registry extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/apis/ccompat/v7`. */
  readonly url: string;
  readonly logFile: string;
  isRunning(): boolean;
  kill9(): Promise<void>;
  stop(): Promise<void>;
  /** Again on the same port and data; resolves when it answers. */
  start(): Promise<void>;
  /** Its own default is NONE; a Confluent registry's is BACKWARD, which `startRegistry` sets. */
  setCompatibility(level: "BACKWARD" | "FULL" | "FULL_TRANSITIVE" | "FORWARD" | "NONE"): Promise<void>;
}

/** Apicurio Registry with an H2 file, its global compatibility set to BACKWARD. */
export async function startRegistry(): Promise<Registry> {
  requireSetup();
  const [port, management] = [await freePort(), await freePort()];
  const dir = scratchDir(`registry-${port}`);
  const registry = registryIn(dir, port, management);
  try {
    await registry.start();
    await registry.setCompatibility("BACKWARD");
    return registry;
  } catch (error) {
    await registry[Symbol.asyncDispose]();
    throw error;
  }
}

function registryIn(dir: string, port: number, management: number): Registry {
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`;
  const logFile = join(logsDir, `registry-${port}.log`);
  const jar = readdirSync(registryDir).find((name) => name.endsWith("-runner.jar")) ?? "runner.jar";
  const argv = ["java", "-Xmx256m", ...smallJvm, "-jar", join(registryDir, jar)];
  const env = {
    QUARKUS_HTTP_HOST: "127.0.0.1",
    QUARKUS_HTTP_PORT: String(port),
    QUARKUS_MANAGEMENT_HOST: "127.0.0.1",
    QUARKUS_MANAGEMENT_PORT: String(management),
    QUARKUS_LOG_LEVEL: "WARN",
    APICURIO_STORAGE_KIND: "sql",
    APICURIO_STORAGE_SQL_KIND: "h2",
    APICURIO_DATASOURCE_URL: `jdbc:h2:file:${join(dir, "schemas")};WRITE_DELAY=0`,
  };
  let server: Running | null = null;
  return {
    url,
    logFile,
    isRunning: () => server?.isRunning() === true,
    async kill9() {
      await server?.kill9();
    },
    async stop() {
      await server?.stop();
    },
    async start() {
      if (server?.isRunning() === true) throw new Error(`registry ${port} is running already`);
      server = start(argv, { name: `registry-${port}`, cwd: dir, env, logFile });
      await server.waitFor(new URL(`${url}/subjects`), 90_000);
    },
    async setCompatibility(level) {
      const response = await fetch(`${url}/config`, {
        method: "PUT",
        headers: { "content-type": "application/vnd.schemaregistry.v1+json" },
        body: JSON.stringify({ compatibility: level }),
      });
      if (!response.ok) throw new Error(`the registry refused ${level}: ${response.status} ${await response.text()}`);
    },
    async [Symbol.asyncDispose]() {
      await server?.kill9();
      discard(dir);
    },
  };
}
