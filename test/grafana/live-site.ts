import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, type Running, scratchDir, startConnector } from "../real/process.ts";
import { type Prometheus, scrapeConfig, startPrometheus } from "../real/prometheus.ts";
import { rewritingProxy } from "../real/rewriting-proxy.ts";
import { type LiveStatus, type MockProcess, startDownstream, startMock, statusOf } from "../real/stack.ts";

/**
 * Two tenants, a broker and a registry, two replicas, and a Prometheus that scrapes both every second. Fabrikam, whose
 * scan is `files`, has Entra credentials, and a field of another type than the schema's.
 */
export interface LiveSite extends AsyncDisposable {
  readonly prometheus: Prometheus;
  /** Of the replicas, as Prometheus calls them. */
  readonly instances: readonly string[];
  /** Ready; it is scraped from then on. */
  startReplica(at: number): Promise<Running>;
  /** As the replica says that owns it; null: none does. */
  status(scan: string): Promise<ScanStatus | null>;
  /** Its scan is `all`. Some of its activities are too large. */
  readonly contoso: MockProcess;
}

type ScanStatus = LiveStatus["scans"][number];

const TENANT_FLAGS = ["--backlog", "2000", "--backlog-span", "2m", "--request-limit", "100000", "--rate", "40"];
const LARGE = ["--large-share", "0.01", "--large-bytes", "70000"];

export async function startLiveSite(): Promise<LiveSite> {
  const parts: AsyncDisposable[] = [];
  const dispose = async () => {
    for (const part of parts.splice(0).reverse()) await part[Symbol.asyncDispose]();
  };
  try {
    const [downstream, contoso, fabrikam] = await Promise.all([
      startDownstream(),
      startMock([...TENANT_FLAGS, ...LARGE], { built: true }),
      startMock(TENANT_FLAGS, { built: true }),
    ]);
    // Of the last activity: it is the newest, and not known yet.
    const spoil = (text: string) => text.replace(/"appId":\d+(?!.*"appId":)/s, '"appId":true');
    const proxy = await rewritingProxy(fabrikam.url, spoil);
    parts.push(downstream, contoso, fabrikam, proxy);
    const ports = [await freePort(), await freePort()] as const;
    const files = ports.map((port) => {
      const file = join(scratchDir("connector"), "connector.yaml");
      writeFileSync(file, JSON.stringify(configOf({ contoso: contoso.url, fabrikam: proxy.url, downstream, port })));
      return file;
    });
    const instances = ports.map((port) => `127.0.0.1:${port}`);
    const prometheus = await startPrometheus({ config: scrapeConfig({ targets: instances }) });
    parts.push(prometheus);
    return {
      prometheus,
      instances,
      contoso,
      async status(scan) {
        const all = await Promise.all(ports.map(statusOf));
        const found = all.flatMap((each) => each?.scans.filter((one) => one.scan === scan) ?? []);
        // Who does not own it says nothing, or what it knew last.
        return found.toSorted((one, other) => other.counts.read - one.counts.read)[0] ?? null;
      },
      async startReplica(at) {
        const replica = startConnector(["run", "--config", files[at]!], { name: `dashboards-${at}`, built: true });
        parts.push(replica);
        await replica.waitFor(new URL(`http://127.0.0.1:${ports[at]}/readyz`));
        return replica;
      },
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

interface Peers {
  readonly contoso: string;
  readonly fabrikam: string;
  readonly downstream: { readonly bootstrap: string; readonly registry: string };
  readonly port: number;
}

/** Fabrikam's access tokens end; contoso's does not. Of four shards each has its own. */
function configOf({ contoso, fabrikam, downstream, port }: Peers): object {
  const entra = { clientId: "mock-client", clientSecret: "mock-secret", directoryId: "fabrikam" };
  const tokenUrl = `${fabrikam}/fabrikam/oauth2/v2.0/token`;
  const scan = { start: "10m", pollInterval: "1s", pageSize: 500, lookbacks: ["10s", "20s"] };
  return {
    tenants: {
      contoso: { apiUrl: contoso, auth: { token: "mock-token" }, requestsPerMinute: 600 },
      fabrikam: { apiUrl: fabrikam, auth: { ...entra, tokenUrl }, requestsPerMinute: 600 },
    },
    scans: { all: { tenant: "contoso", ...scan }, files: { tenant: "fabrikam", ...scan } },
    kafka: { brokers: [downstream.bootstrap], sessionTimeout: "3s", heartbeatInterval: "500ms" },
    schemaRegistry: { url: downstream.registry },
    topics: { activities: { name: "dashboards" }, cursors: { partitions: 4 } },
    limits: { activity: "64KiB" },
    http: { port },
  };
}
