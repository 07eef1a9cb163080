import {
  createServer as createHttp,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import type { TenantConfig } from "../../src/config/config.ts";
import { systemClock } from "../../src/kit/clock.ts";
import { Secret } from "../../src/kit/secret.ts";
import { TenantClient } from "../../src/tenant/client.ts";
import type { PageRequest } from "../../src/tenant/request.ts";

export const TOKEN = "c2VjcmV0LXRva2VuLW9mLXRoZS10ZXN0cw".repeat(2);

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** A server on a free port of this machine, that answers as `respond` says and remembers what it was asked. */
export class TestServer implements AsyncDisposable {
  readonly seen: Seen[] = [];
  readonly server: Server;
  readonly #scheme: string;

  private constructor(server: Server, scheme: string) {
    this.server = server;
    this.#scheme = scheme;
  }

  static async open(
    respond: (response: ServerResponse, seen: Seen) => void,
    tls: { key: string; cert: string } | null = null,
  ): Promise<TestServer> {
    const listener: RequestListener = (request, response) => {
      const pieces: Buffer[] = [];
      request.on("data", (piece: Buffer) => pieces.push(piece));
      request.on("end", () => {
        const { method = "", url: path = "", headers } = request;
        const seen = { method, path, headers, body: Buffer.concat(pieces).toString() };
        opened.seen.push(seen);
        respond(response, seen);
      });
    };
    const server = tls === null ? createHttp(listener) : createHttps(tls, listener);
    const opened = new TestServer(server, tls === null ? "http" : "https");
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return opened;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export function tenantAt(apiUrl: string, changes: Partial<TenantConfig> = {}): TenantConfig {
  return {
    name: "contoso",
    apiUrl,
    auth: { kind: "token", token: new Secret("the test", () => TOKEN) },
    requestsPerMinute: 20,
    ca: null,
    proxy: null,
    timeouts: { connectMs: 5_000, headersMs: 5_000, bodyMs: 5_000 },
    ...changes,
  };
}

export function clientOf(
  tenant: TenantConfig,
  changes: { bodyMaxBytes?: number; activityMaxBytes?: number; totalMs?: number; mayAsk?: () => boolean } = {},
): TenantClient {
  const { bodyMaxBytes = 256 * 1024 * 1024, activityMaxBytes = 64 * 1024 * 1024, totalMs, mayAsk } = changes;
  return new TenantClient(tenant, {
    clock: systemClock,
    version: "0.0.0",
    limits: { bodyMaxBytes, activityMaxBytes },
    ...(totalMs === undefined ? {} : { totalMs }),
    ...(mayAsk === undefined ? {} : { mayAsk }),
  });
}

export const REQUEST: PageRequest = {
  filters: '{"created":{"gte":1700000000000},"n":9007199254740993}',
  sortField: "created",
  sortDirection: "asc",
  limit: 500,
};

/** A page and the elements that it holds. */
export function pageOf(
  count: number,
  bytesEach = 4500,
): { readonly text: string; readonly elements: readonly string[] } {
  const elements = Array.from({ length: count }, (_, n) =>
    JSON.stringify({ _id: `id-${n}`, text: 'ü"}]'.repeat(Math.max(1, Math.floor((bytesEach - 40) / 7))), n }),
  );
  return { text: `{"total":${count},"data":[${elements.join(",")}],"hasNext":false}`, elements };
}
