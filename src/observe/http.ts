import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ConnectorError, describeError } from "../kit/errors.ts";

/** What the endpoints show; asked anew at each request. */
export interface HttpRoutes {
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly status: () => unknown;
  readonly ready: () => Readiness;
}

export interface Readiness {
  readonly ready: boolean;
  /** One line: what is missing, or that nothing is. */
  readonly reason: string;
}

export interface HttpServer extends AsyncDisposable {
  /** Where it listens; the port that was taken, when 0 was asked for. */
  readonly url: string;
}

interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

const TEXT = "text/plain; charset=utf-8";
const JSON_TYPE = "application/json; charset=utf-8";

/**
 * Serves `/metrics`, `/healthz`, `/readyz` and `/status`. Closing ends its connections at once.
 *
 * @throws ConnectorError `config_invalid` (fatal) when it cannot listen there.
 */
export async function openHttp(listen: { host: string; port: number }, routes: HttpRoutes): Promise<HttpServer> {
  const server = createServer((request, response) => void respond(request, response, routes));
  server.headersTimeout = 10_000;
  server.requestTimeout = 10_000;
  const { address, family, port } = await listenOn(server, listen);
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function listenOn(server: Server, { host, port }: { host: string; port: number }): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      const message = `cannot listen on ${host}:${port}; choose other http.host and http.port`;
      reject(new ConnectorError("config_invalid", message, { disposition: "fatal", cause }));
    });
    server.listen({ host, port }, () => {
      const address = server.address();
      if (address !== null && typeof address === "object") resolve(address);
    });
  });
}

async function respond(request: IncomingMessage, response: ServerResponse, routes: HttpRoutes): Promise<void> {
  const reply = await answer(request, routes).catch((error: unknown): Reply => {
    return { status: 500, contentType: TEXT, body: `${describeError(error)}\n` };
  });
  request.resume();
  response.writeHead(reply.status, {
    "content-type": reply.contentType,
    "content-length": Buffer.byteLength(reply.body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...(reply.status === 405 ? { allow: "GET, HEAD" } : {}),
  });
  response.end(request.method === "HEAD" ? undefined : reply.body);
}

async function answer(request: IncomingMessage, routes: HttpRoutes): Promise<Reply> {
  if (request.method !== "GET" && request.method !== "HEAD")
    return { status: 405, contentType: TEXT, body: "GET only\n" };
  switch (request.url?.split("?", 1)[0]) {
    case "/metrics": {
      const { contentType, text } = await routes.metrics();
      return { status: 200, contentType, body: text };
    }
    case "/healthz":
      return { status: 200, contentType: TEXT, body: "alive\n" };
    case "/readyz": {
      const { ready, reason } = routes.ready();
      return { status: ready ? 200 : 503, contentType: TEXT, body: `${reason}\n` };
    }
    case "/status":
      return { status: 200, contentType: JSON_TYPE, body: `${JSON.stringify(routes.status(), null, 2)}\n` };
    default:
      return { status: 404, contentType: TEXT, body: "here are /metrics, /healthz, /readyz and /status\n" };
  }
}
