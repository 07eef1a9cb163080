import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureBuilt } from "./built.ts";
import { JsonLog } from "./json-log.ts";
import { eventually, freePort, type Running, scratchDir, startConnector } from "./process.ts";
import { type LiveStatus, statusOf } from "./stack.ts";

/** A connector of one tenant and one scan, `all`. */
export interface LiveOptions {
  readonly tenantUrl: string;
  readonly bootstrap: string;
  readonly registry: string;
  /** Of the activities; the names of the others follow from it. */
  readonly topic: string;
  readonly requestsPerMinute: number;
  /** Default: the mock tenant's own. May be a `${file:…}` reference. */
  readonly token?: string;
  readonly pageSize?: number;
  /** Default 25 h, an hour more than the mock tenant's backlog. */
  readonly start?: string;
  readonly logLevel?: "info" | "debug";
  /** More flags of `run`, e.g. `["--set", "kafka.compression=none"]`. */
  readonly flags?: readonly string[];
  /** V8 and Node options. */
  readonly nodeArgs?: readonly string[];
  /** The entry of another release, e.g. `newerRelease()`; default: `dist`. */
  readonly main?: string;
}

/** The connector as a process of its own, from `dist`. */
export interface LiveConnector extends AsyncDisposable {
  readonly process: Running;
  readonly log: JsonLog;
  /** Its configuration, for other commands. */
  readonly configFile: string;
  /** Of its HTTP endpoints. */
  readonly port: number;
  /** Null while it does not answer. */
  status(): Promise<LiveStatus | null>;
  ready(deadlineMs?: number): Promise<void>;
}

const SCAN = "all";

function configOf(options: LiveOptions, port: number): object {
  const { tenantUrl, bootstrap, registry, topic, requestsPerMinute } = options;
  const tenant = { apiUrl: tenantUrl, auth: { token: options.token ?? "mock-token" }, requestsPerMinute };
  return {
    tenants: { contoso: tenant },
    scans: {
      [SCAN]: {
        tenant: "contoso",
        start: options.start ?? "25h",
        pollInterval: "1s",
        pageSize: options.pageSize ?? 500,
      },
    },
    // Short, so that whoever is killed is not waited for long.
    kafka: { brokers: [bootstrap], sessionTimeout: "3s", heartbeatInterval: "500ms" },
    schemaRegistry: { url: registry },
    topics: { activities: { name: topic }, cursors: { partitions: 4 } },
    http: { port },
    log: { level: options.logLevel ?? "info" },
  };
}

/** Started, not yet ready. */
export async function startLive(options: LiveOptions): Promise<LiveConnector> {
  await ensureBuilt();
  const port = await freePort();
  const file = join(scratchDir("connector"), "connector.yaml");
  writeFileSync(file, JSON.stringify(configOf(options, port), null, 2));
  const process = startConnector(["run", "--config", file, ...(options.flags ?? [])], {
    name: `connector-${options.topic}`,
    built: true,
    main: options.main,
    nodeArgs: options.nodeArgs ?? [],
  });
  return {
    process,
    log: new JsonLog(process.logFile),
    configFile: file,
    port,
    status: () => statusOf(port),
    ready: (deadlineMs = 60_000) => process.waitFor(new URL(`http://127.0.0.1:${port}/readyz`), deadlineMs),
    async [Symbol.asyncDispose]() {
      await process.stop();
    },
  };
}

/** Waits until everything that the tenant shows at `sinceMs` (now) is published, by whichever process that was. */
export async function untilCaughtUp(
  connector: LiveConnector,
  { sinceMs = Date.now(), deadlineMs }: { readonly sinceMs?: number; readonly deadlineMs: number },
): Promise<void> {
  await eventually(
    async () => {
      const scan = (await connector.status())?.scans[0];
      // A second more: the tenant's clock is shown to the second. What a scan starts with is read beside the tail.
      if (scan?.caughtUp == null || Date.parse(scan.caughtUp) < sinceMs + 1_000 || scan.jobs.length > 0) {
        throw new Error(`caught up to ${scan?.caughtUp}, ${scan?.jobs.length} jobs, ${scan?.state}: ${scan?.reason}`);
      }
      return true;
    },
    deadlineMs,
    "the connector to be caught up",
  );
}
