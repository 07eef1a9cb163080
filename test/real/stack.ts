import { type Broker, startBroker } from "./broker.ts";
import { Held } from "./held.ts";
import { type Running, startConnector } from "./process.ts";
import { type Registry, startRegistry } from "./registry.ts";

/** What the connector publishes to: a broker and a registry, ours or the caller's own. */
export interface Downstream extends AsyncDisposable {
  readonly bootstrap: string;
  readonly registry: string;
}

/** A broker and a registry on loopback, both started here; where an address is given, that one is used. */
export async function startDownstream(given: { brokers?: string; registry?: string } = {}): Promise<Downstream> {
  return await Held.by(async (held) => {
    const bootstrap = given.brokers ?? (await held.use<Broker>(startBroker())).bootstrap;
    const registry = given.registry ?? (await held.use<Registry>(startRegistry())).url;
    return { bootstrap, registry, [Symbol.asyncDispose]: () => held[Symbol.asyncDispose]() };
  });
}

/** A mock tenant as a process of its own. */
export interface MockProcess extends AsyncDisposable {
  readonly url: string;
  readonly process: Running;
  /** Changes settings while it runs. */
  control(settings: Readonly<Record<string, unknown>>): Promise<void>;
  stats(): Promise<MockStats>;
}

export interface MockStats {
  readonly requests: number;
  readonly foreignRequests: number;
  /** Most requests of ours, and of everybody, in any sliding window. */
  readonly maxInWindow: number;
  readonly maxInWindowWithForeign: number;
  readonly requestLimit: number;
  /** Activities in all pages, those that were sent before among them. */
  readonly sent: number;
  readonly byStatus: Readonly<Record<string, number>>;
  /** `aborted`: its connection was cut by us. */
  readonly byOutcome: Readonly<Record<string, number>>;
  readonly activities: number;
  readonly arrivals: readonly { readonly atMs: number; readonly outcome: string }[];
}

/** `built`: from `dist`, which starts faster. */
export async function startMock(flags: readonly string[], options: { built?: boolean } = {}): Promise<MockProcess> {
  const process = startConnector(["mock-tenant", ...flags], { name: "mock-tenant", ...options });
  await process.waitFor(/listening on (http\S+)/, 30_000);
  const url = /listening on (http\S+)/.exec(process.log())?.[1] ?? "";
  return {
    url,
    process,
    control: async (settings) => {
      const answer = await fetch(`${url}/_control`, { method: "POST", body: JSON.stringify(settings) });
      if (!answer.ok) throw new Error(`the mock tenant refused ${JSON.stringify(settings)}: ${await answer.text()}`);
    },
    stats: async () => (await (await fetch(`${url}/_stats`)).json()) as MockStats,
    [Symbol.asyncDispose]: async () => {
      await process.stop();
    },
  };
}

/** `/status` of a running connector, as far as tests look at it. */
export interface LiveStatus {
  readonly shards: readonly { readonly shard: number; readonly owned: boolean }[];
  readonly tenants: readonly {
    readonly throttled: number;
    readonly throttledUntil: string | null;
    readonly requestsPerMinute: { readonly limit: number; readonly used: number };
  }[];
  readonly scans: readonly {
    readonly scan: string;
    readonly state: string;
    readonly reason: string | null;
    readonly lagSeconds: number | null;
    /** Everything that was visible then has been published. */
    readonly caughtUp: string | null;
    readonly settledUntil: string | null;
    readonly cursorField: string | null;
    readonly openGaps: number;
    readonly silence: {
      readonly since: string;
      readonly baselineSeconds: number;
      readonly provenAt: string | null;
      readonly suspectSince: string | null;
    } | null;
    /** Range jobs that are not done. */
    readonly jobs: readonly { readonly reader: string; readonly done: number }[];
    readonly counts: Readonly<Record<"read" | "published" | "duplicates" | "deadLettered" | "late" | "pages", number>>;
  }[];
}

/** Null while it does not answer. */
export async function statusOf(port: number): Promise<LiveStatus | null> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/status`, { signal: AbortSignal.timeout(2_000) });
    return (await answer.json()) as LiveStatus;
  } catch {
    return null;
  }
}
