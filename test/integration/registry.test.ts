import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { SchemaRegistry } from "@kafkajs/confluent-schema-registry";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { registryDecoder } from "../../src/activity/consumer.ts";
import { openEncoder } from "../../src/activity/encode.ts";
import { openExchange } from "../../src/activity/exchange.ts";
import { readActivity } from "../../src/activity/read.ts";
import { openSchema, schemaById } from "../../src/activity/registry.ts";
import { releasedSchemas } from "../../src/activity/released.ts";
import { activitySchema, schemaPrint, schemaText } from "../../src/activity/schema.ts";
import { makeCertificates, storePassword } from "../real/certificates.ts";
import { discard, scratchDir } from "../real/process.ts";
import { type Registry, startRegistry } from "../real/registry.ts";
import { changes } from "../unit/activity/compatibility.ts";

let registry: Registry;
let subjects = 0;

beforeAll(async () => {
  registry = await startRegistry();
});

afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
});

const signal = new AbortController().signal;
const freshSubject = () => `activities-${++subjects}-value`;

function open(subject: string, autoRegister = true) {
  const options = { url: registry.url, auth: null, timeoutMs: 10_000, subject, autoRegister };
  return openSchema(options, openExchange(null), signal);
}

async function ask(method: string, path: string, body?: object): Promise<{ status: number; json: unknown }> {
  const response = await fetch(registry.url + path, {
    method,
    headers: { "content-type": "application/vnd.schemaregistry.v1+json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, json: text === "" ? null : JSON.parse(text) };
}

describe("a real registry", () => {
  test("the schema is registered once", async () => {
    const subject = freshSubject();
    const id = await open(subject);
    expect([await open(subject), await open(subject, false)]).toEqual([id, id]);
    expect((await ask("GET", `/subjects/${subject}/versions`)).json).toEqual([1]);
    expect((await ask("GET", `/schemas/ids/${id}`)).json).toMatchObject({ schema: schemaText });
  });

  test.each(["FULL", "NONE"])("a subject's compatibility level of %s is left alone", async (compatibilityLevel) => {
    const subject = freshSubject();
    const earlier = JSON.stringify({ ...activitySchema, doc: "An earlier version." });
    await ask("POST", `/subjects/${subject}/versions`, { schema: earlier });
    await ask("PUT", `/config/${subject}`, { compatibility: compatibilityLevel });
    await open(subject);
    expect((await ask("GET", `/subjects/${subject}/versions`)).json).toEqual([1, 2]);
    expect((await ask("GET", `/config/${subject}`)).json).toEqual({ compatibilityLevel });
  });

  test("without leave to register, a missing schema stops the start and nothing is registered", async () => {
    const subject = freshSubject();
    await expect(open(subject, false)).rejects.toMatchObject({ code: "schema_missing", disposition: "fatal" });
    expect((await ask("GET", "/subjects")).json).not.toContain(subject);
  });

  test("the printed schema, registered by hand, is known", async () => {
    const subject = freshSubject();
    const { json } = await ask("POST", `/subjects/${subject}/versions`, { schema: schemaPrint() });
    expect(await open(subject, false)).toBe((json as { id: number }).id);
  });

  test.each([true, false])("an incompatible subject stops the start with the reason (register: %s)", async (may) => {
    const subject = freshSubject();
    const fields = [{ name: "description", type: "long" }];
    const other = { type: "record", name: "Activity", namespace: "mdca", fields };
    await ask("POST", `/subjects/${subject}/versions`, { schema: JSON.stringify(other) });
    const opened = open(subject, may);
    await expect(opened).rejects.toMatchObject({ code: "schema_incompatible", disposition: "fatal" });
    if (may) await expect(opened).rejects.toThrow(/at \/fields/);
    expect((await ask("GET", `/subjects/${subject}/versions`)).json).toEqual([1]);
  });

  test("every released version, in its order, is taken by a subject that is FULL_TRANSITIVE", async () => {
    const subject = freshSubject();
    await ask("PUT", `/config/${subject}`, { compatibility: "FULL_TRANSITIVE" });
    const released = [...releasedSchemas().values()].map((schema) => JSON.stringify(schema));
    for (const schema of released) {
      expect(await ask("POST", `/subjects/${subject}/versions`, { schema })).toMatchObject({ status: 200 });
    }
    await open(subject, false);
    expect((await ask("GET", `/subjects/${subject}/versions`)).json).toEqual(released.map((_, at) => at + 1));
  });

  test.each(changes.map((change) => [change.says, change] as const))(
    "a subject that is FULL_TRANSITIVE judges a change as we do: %s",
    async (_, change) => {
      const subject = freshSubject();
      await ask("PUT", `/config/${subject}`, { compatibility: "FULL_TRANSITIVE" });
      await open(subject);
      const schema = JSON.stringify(change.of(activitySchema));
      const { status } = await ask("POST", `/subjects/${subject}/versions`, { schema });
      expect(status).toBe(change.isFull ? 200 : 409);
    },
  );

  test("what is encoded is decoded by the registry's own client", async () => {
    const text = '{"_id":"a","created":1595096586840,"description":"ü😀","tags":["x"],"big":12345678901234567890}';
    const schemaId = await open(freshSubject());
    const encode = openEncoder({ schemaId, raw: "include", onMismatch: () => {} });
    const context = { scan: "s", tenant: "t", reader: "tail", readAtMs: 1_795_438_800_123 };
    const value = encode(readActivity(Buffer.from(text), 1_000), context);
    const decoded = await new SchemaRegistry({ host: registry.url }).decode(value);
    expect(decoded).toMatchObject({ _id: "a", created: 1595096586840, description: "ü😀", tags: ["x"], raw: text });
    expect(decoded).toMatchObject({ scan: "s", tenant: "t", reader: "tail", readAt: context.readAtMs, appId: null });
  });

  test("a schema is given by its id; one that is not there is told", async () => {
    const id = await open(freshSubject());
    const options = { url: registry.url, auth: null, timeoutMs: 10_000 };
    expect(await schemaById(options, id, openExchange(null), signal)).toEqual(activitySchema);
    const missing = schemaById(options, 4_000_000, openExchange(null), signal);
    await expect(missing).rejects.toMatchObject({ code: "schema_missing", disposition: "fatal" });
  });

  test("a path without a registry is told from a missing subject", async () => {
    const options = { auth: null, timeoutMs: 10_000, subject: "s", autoRegister: true };
    const url = registry.url.replace("ccompat", "nothing");
    const opened = openSchema({ ...options, url }, openExchange(null), signal);
    await expect(opened).rejects.toMatchObject({ code: "registry_unavailable", disposition: "fatal" });
  });

  test("one that is down may come back", async () => {
    const subject = freshSubject();
    const id = await open(subject);
    await registry.kill9();
    await expect(open(subject)).rejects.toMatchObject({ code: "registry_unavailable", disposition: "retry" });
    await registry.start();
    expect(await open(subject)).toBe(id);
  });
});

/** A server on loopback for the length of `use`. */
async function serving(listener: RequestListener, use: (url: URL) => Promise<void>, tls?: { pfx: Buffer }) {
  const server = tls ? createTlsServer({ ...tls, passphrase: storePassword }, listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use(new URL(`http${tls ? "s" : ""}://127.0.0.1:${(server.address() as AddressInfo).port}/x?y=1`));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test("a consumer's decoder says who it is, at the registry that it was given, once", async () => {
  const asked: (string | undefined)[] = [];
  const listener: RequestListener = (request, response) => {
    asked.push(request.url, request.headers.authorization);
    response.end(JSON.stringify({ schema: schemaText }));
  };
  const encode = openEncoder({ schemaId: 7, raw: "omit", onMismatch: () => {} });
  const context = { scan: "s", tenant: "t", reader: "tail", readAtMs: 1 };
  const value = encode(readActivity(Buffer.from('{"_id":"a"}'), 1_000), context);
  await serving(listener, async ({ origin }) => {
    const auth = { username: "reader", password: "hunter2" };
    const decode = registryDecoder({ url: `${origin}/ccompat/`, auth });
    expect([(await decode({ value }))._id, (await decode({ value })).scan]).toEqual(["a", "s"]);
  });
  expect(asked).toEqual(["/ccompat/schemas/ids/7", `Basic ${Buffer.from("reader:hunter2").toString("base64")}`]);
});

describe("an exchange", () => {
  const request = { method: "POST", headers: { "x-test": "1" }, body: "ü", timeoutMs: 10_000 } as const;
  const exchange = openExchange(null);

  test("carries method, headers and body, and gives status and text", async () => {
    const listener: RequestListener = async (req, res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk);
      res.writeHead(418).end(`${req.method} ${req.url} ${req.headers["x-test"]} ${Buffer.concat(chunks)}`);
    };
    await serving(listener, async (url) => {
      expect(await exchange({ ...request, url }, signal)).toEqual({ status: 418, text: "POST /x?y=1 1 ü" });
    });
  });

  test.each<[string, RequestListener]>([
    ["never answers", () => {}],
    ["stops in the middle", (_, res) => res.writeHead(200).write("half")],
  ])("ends in time when the server %s", async (_, listener) => {
    await serving(listener, async (url) => {
      await expect(exchange({ ...request, url, timeoutMs: 200 }, signal)).rejects.toThrow("no answer within 200 ms");
    });
  });

  test("fails when the answer is cut off", async () => {
    const listener: RequestListener = (_, res) => {
      res.writeHead(200, { "content-length": "100" }).write("half", () => res.destroy());
    };
    await serving(listener, async (url) => {
      await expect(exchange({ ...request, url }, signal)).rejects.toThrow();
    });
  });

  test("ends at once when it is aborted, before or while it waits", async () => {
    await serving(
      () => {},
      async (url) => {
        const stop = new AbortController();
        const waiting = exchange({ ...request, url }, stop.signal);
        stop.abort(new Error("stopping"));
        await expect(waiting).rejects.toThrow("stopping");
        await expect(exchange({ ...request, url }, stop.signal)).rejects.toThrow("stopping");
      },
    );
  });

  test("trusts a private authority when told to, and only then", async () => {
    const dir = scratchDir("registry-tls");
    try {
      const { caFile, keystore } = await makeCertificates(dir);
      const answer: RequestListener = (_, res) => res.end("safe");
      const tls = { pfx: readFileSync(keystore) };
      await serving(
        answer,
        async (url) => {
          const trusting = openExchange(readFileSync(caFile, "utf8"));
          expect(await trusting({ ...request, url }, signal)).toEqual({ status: 200, text: "safe" });
          await expect(exchange({ ...request, url }, signal)).rejects.toThrow(/certificate/);
        },
        tls,
      );
    } finally {
      discard(dir);
    }
  });
});
