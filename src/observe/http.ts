import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ConnectorError, describeError } from "../kit/errors.ts";
import type { PageFile } from "./page-files.ts";

/** What the endpoints show; asked anew at each request. */
export interface HttpRoutes {
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly status: () => unknown;
  /** Null: of all scans together. Undefined: there is no such scan. */
  readonly history: (scan: string | null) => unknown;
  readonly ready: () => Readiness;
  /** The status page's files by their paths. */
  readonly page: ReadonlyMap<string, PageFile>;
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
  readonly body: string | Buffer;
  readonly etag?: string;
}

const TEXT = "text/plain; charset=utf-8";
const JSON_TYPE = "application/json; charset=utf-8";
const NOT_FOUND = "here are /, /metrics, /healthz, /readyz, /status and /history\n";

/** The page is all that it needs, and nobody else's part; what it is sent is nothing but what it says it is. */
const SECURITY_HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

/**
 * Serves the status page at `/` and what it is made of, `/metrics`, `/healthz`, `/readyz`, `/status` and `/history`.
 * Closing ends its connections at once.
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
  const { etag } = reply;
  const isKnown = etag !== undefined && request.headers["if-none-match"] === etag;
  response.writeHead(isKnown ? 304 : reply.status, {
    "content-type": reply.contentType,
    ...(isKnown ? {} : { "content-length": Buffer.byteLength(reply.body) }),
    // A file is kept, and asked for again only by its tag.
    "cache-control": etag === undefined ? "no-store" : "no-cache",
    ...(etag === undefined ? {} : { etag }),
    ...(reply.status === 405 ? { allow: "GET, HEAD" } : {}),
    ...SECURITY_HEADERS,
  });
  response.end(request.method === "HEAD" || isKnown ? undefined : reply.body);
}

async function answer(request: IncomingMessage, routes: HttpRoutes): Promise<Reply> {
  if (request.method !== "GET" && request.method !== "HEAD")
    return { status: 405, contentType: TEXT, body: "GET only\n" };
  const [path = "", query = ""] = (request.url ?? "").split("?", 2);
  switch (path) {
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
    case "/history":
      return historyOf(new URLSearchParams(query).get("scan"), routes);
    default: {
      const file = routes.page.get(path);
      return file === undefined ? { status: 404, contentType: TEXT, body: NOT_FOUND } : { status: 200, ...file };
    }
  }
}

function historyOf(scan: string | null, routes: HttpRoutes): Reply {
  const history = routes.history(scan);
  if (history === undefined) return { status: 404, contentType: TEXT, body: "there is no scan of that name\n" };
  return { status: 200, contentType: JSON_TYPE, body: `${JSON.stringify(history)}\n` };
}
