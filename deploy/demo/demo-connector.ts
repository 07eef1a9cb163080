import { join } from "node:path";
import { freePort, type Running, root, startConnector } from "../../test/real/process.ts";
import type { Downstream } from "../../test/real/stack.ts";

/** Brokers and registry of the caller's own, from the environment: `BROKERS`, `REGISTRY`. */
export function givenDownstream(): { brokers?: string; registry?: string } {
  const { BROKERS: brokers, REGISTRY: registry } = process.env;
  return { ...(brokers ? { brokers } : {}), ...(registry ? { registry } : {}) };
}

export interface DemoConnector extends AsyncDisposable {
  readonly process: Running;
  /** Of its HTTP endpoints. */
  readonly port: number;
}

/** The connector of deploy/demo/config.yaml, ready. @param overrides more of the configuration, as environment variables. */
export async function startDemoConnector(
  tenantUrl: string,
  { bootstrap, registry }: Downstream,
  topic: string,
  overrides: Readonly<Record<string, string>> = {},
): Promise<DemoConnector> {
  const port = await freePort();
  const process = startConnector(["run", "--config", join(root, "deploy/demo/config.yaml")], {
    name: "connector-demo",
    built: true,
    env: {
      DEMO_TENANT: tenantUrl,
      DEMO_TOKEN: "mock-token",
      DEMO_BROKERS: bootstrap,
      DEMO_REGISTRY: registry,
      MDCA_SOURCE__HTTP__PORT: String(port),
      MDCA_SOURCE__TOPICS__ACTIVITIES__NAME: topic,
      MDCA_SOURCE__TOPICS__CURSORS__NAME: `${topic}-cursors`,
      MDCA_SOURCE__TOPICS__DLQ__NAME: `${topic}-dlq`,
      ...overrides,
    },
  });
  await process.waitFor(new URL(`http://127.0.0.1:${port}/readyz`), 60_000);
  return { process, port, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
}
