import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { TcpRelay } from "../real/tcp-relay.ts";

const open: { destroy(): void }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.destroy();
});

/** Gives back what it is sent, and tells of it. */
async function echo(onGot: (text: string) => void = () => undefined): Promise<number> {
  const server = createServer((socket) => {
    open.push(socket);
    socket.on("data", (bytes) => onGot(String(bytes)));
    socket.on("error", () => undefined).pipe(socket);
  });
  open.push({ destroy: () => server.close() });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

function dial(port: number): { socket: Socket; got: () => string } {
  const socket = connect(port, "127.0.0.1").on("error", () => undefined);
  open.push(socket);
  let text = "";
  socket.on("data", (bytes) => {
    text += String(bytes);
  });
  return { socket, got: () => text };
}

test("what is sent into a silent cut arrives once it is healed, on old connections and on new ones", async () => {
  const got: string[] = [];
  let sent = 0;
  const onSent = ({ length }: Buffer) => {
    sent += length;
  };
  await using relay = await TcpRelay.open({ toPort: await echo((text) => got.push(text)), onSent });
  const old = dial(relay.port);
  old.socket.write("a");
  await expect.poll(old.got).toBe("a");
  relay.cut("silent");
  const fresh = dial(relay.port);
  old.socket.write("b");
  fresh.socket.write("c");
  await once(fresh.socket, "connect");
  // What passes meanwhile shows that the others have had their time.
  await using other = await TcpRelay.open({ toPort: await echo() });
  const beside = dial(other.port);
  beside.socket.write("d");
  await expect.poll(beside.got).toBe("d");
  expect([old.got(), fresh.got(), got]).toEqual(["a", "", ["a"]]);
  relay.heal();
  await expect.poll(() => [old.got(), fresh.got()]).toEqual(["ab", "c"]);
  expect(sent).toBe(3);
});

test("a refusing cut ends old connections and new ones, until it is healed", async () => {
  await using relay = await TcpRelay.open({ toPort: await echo() });
  const old = dial(relay.port);
  await once(old.socket, "connect");
  relay.cut("refused");
  await once(old.socket, "close");
  await once(dial(relay.port).socket, "close");
  relay.heal();
  const fresh = dial(relay.port);
  fresh.socket.write("a");
  await expect.poll(fresh.got).toBe("a");
});
