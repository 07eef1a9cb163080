import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** A peer that repeats all that it was sent, in every form that it can think of. */
export interface HostilePeer extends AsyncDisposable {
  readonly url: string;
  /** All that it was sent so far, headers and bodies, base64 decoded where there was any. */
  readonly received: string;
  /** From now on it answers as a schema registry that knows every schema. */
  beRegistry(): void;
}

export async function startHostilePeer(): Promise<HostilePeer> {
  const received: string[] = [];
  let isRegistry = false;
  const echo = (request: IncomingMessage, body: string): string => {
    const { authorization = "", "proxy-authorization": proxied = "" } = request.headers;
    const pairs = [authorization, proxied].map((value) => Buffer.from(value.split(" ")[1] ?? "", "base64").toString());
    const sent = `${authorization} ${proxied} ${pairs.join(" ")} ${body} ${decodeURIComponent(body)}`;
    received.push(sent);
    return JSON.stringify({ message: sent, error_description: sent, again: encodeURIComponent(sent) });
  };
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const told = echo(request, body);
    if (isRegistry && request.url?.startsWith("/subjects") === true) {
      response.end(JSON.stringify({ id: 1, version: 1, subject: "s", schema: JSON.parse(body).schema }));
      return;
    }
    // The registry and the token endpoint are asked again only when they seem unwell.
    const status = request.url?.includes("token") === true ? 400 : 503;
    response.writeHead(status, { "content-type": "application/json" }).end(told);
  });
  server.on("connect", (request, socket) => {
    const told = echo(request, "");
    socket.end(`HTTP/1.1 407 ${told.replace(/[^\x20-\x7e]/g, "")}\r\ncontent-length: ${told.length}\r\n\r\n${told}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get received() {
      return received.join("\n");
    },
    beRegistry() {
      isRegistry = true;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
