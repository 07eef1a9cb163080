import { describe, expect, test } from "vitest";
import type { Exchange, ExchangeRequest } from "../../../src/activity/exchange.ts";
import { openSchema, type SchemaOptions, schemaById, valueSubject } from "../../../src/activity/registry.ts";
import { schemaPrint, schemaText } from "../../../src/activity/schema.ts";
import type { ConnectorError } from "../../../src/kit/errors.ts";
import { Secret } from "../../../src/kit/secret.ts";

const options: SchemaOptions = {
  url: "http://registry:8081/apis/ccompat/v7/",
  auth: null,
  timeoutMs: 1_000,
  subject: "mdca-activities-value",
  autoRegister: true,
};

const SUBJECT = "/subjects/mdca-activities-value";
const LOOK_UP = `POST ${SUBJECT}`;
const LATEST = `GET ${SUBJECT}/versions/latest`;
const REGISTER = `POST ${SUBJECT}/versions`;
const COMPATIBLE = "POST /compatibility/subjects/mdca-activities-value/versions/latest?verbose=true";
const SUBJECTS = "GET /subjects";

type Answers = Record<string, [status: number, body: unknown]>;

/** A registry that answers each resource as told, and 404 with Confluent's code to all else. */
function registry(answers: Answers) {
  const requests: ExchangeRequest[] = [];
  const asked: string[] = [];
  const exchange: Exchange = async (request) => {
    requests.push(request);
    const resource = `${request.method} ${(request.url.pathname + request.url.search).replace("/apis/ccompat/v7", "")}`;
    asked.push(resource);
    const [status, body] = answers[resource] ?? [404, { error_code: 40401, message: "Subject not found" }];
    return { status, text: typeof body === "string" ? body : JSON.stringify(body) };
  };
  return { requests, asked, exchange };
}

const open = (answers: Answers, changes: Partial<SchemaOptions> = {}) =>
  openSchema({ ...options, ...changes }, registry(answers).exchange, neverAborts());

function neverAborts(): AbortSignal {
  return new AbortController().signal;
}

async function failure(answers: Answers, changes: Partial<SchemaOptions> = {}): Promise<ConnectorError> {
  return open(answers, changes).then(
    () => expect.unreachable("it should have failed"),
    (error) => error,
  );
}

test("the subject of a topic's values ends in -value", () => {
  expect(valueSubject("mdca-activities")).toBe(options.subject);
});

test("a schema that is known is only looked up", async () => {
  const { exchange, asked, requests } = registry({ [LOOK_UP]: [200, { subject: "s", id: 7, version: 1 }] });
  expect(await openSchema(options, exchange, neverAborts())).toBe(7);
  expect(asked).toEqual([LOOK_UP]);
  expect(JSON.parse(requests[0]?.body ?? "")).toEqual({ schema: schemaText });
  expect(requests[0]?.headers).not.toHaveProperty("authorization");
});

test("one that is not known is registered where that is allowed, and nothing else is changed", async () => {
  const { exchange, asked } = registry({ [REGISTER]: [200, { id: 0 }] });
  expect(await openSchema(options, exchange, neverAborts())).toBe(0);
  expect(asked).toEqual([LOOK_UP, LATEST, REGISTER]);
});

test("one that is not known is not registered where that is not allowed", async () => {
  const { exchange, asked } = registry({ [REGISTER]: [200, { id: 0 }] });
  const opened = openSchema({ ...options, autoRegister: false }, exchange, neverAborts());
  await expect(opened).rejects.toMatchObject({ code: "schema_missing", disposition: "fatal" });
  await expect(opened).rejects.toThrow(/autoRegisterSchemas/);
  expect(asked).not.toContain(REGISTER);
});

test("one that a person registered with other white space is known", async () => {
  expect(await open({ [LATEST]: [200, { id: 9, schema: schemaPrint() }] }, { autoRegister: false })).toBe(9);
});

test("another schema under the subject is not taken for it", async () => {
  const answers: Answers = { [LATEST]: [200, { id: 9, schema: '"string"' }] };
  expect(await failure(answers, { autoRegister: false })).toMatchObject({ code: "schema_missing" });
});

describe("an incompatible schema stops the start with the registry's reason", () => {
  const verdict = { is_compatible: false, messages: ["READER_FIELD_MISSING_DEFAULT_VALUE: tenant", "NAME_MISMATCH"] };
  const refused: [number, unknown] = [409, { error_code: 409, message: "incompatible with an earlier schema" }];
  test.each<[string, Answers, Partial<SchemaOptions>, RegExp]>([
    [
      "409 explained by the verbose check",
      { [REGISTER]: refused, [COMPATIBLE]: [200, verdict] },
      {},
      /DEFAULT_VALUE: tenant; NAME/,
    ],
    ["409 with its own words", { [REGISTER]: refused }, {}, /incompatible with an earlier schema/],
    ["409 without a body", { [REGISTER]: [409, ""] }, {}, /no reason given/],
    ["409 with HTML", { [REGISTER]: [409, "<html>\n<h1>Conflict</h1>"] }, {}, /<html> <h1>Conflict/],
    [
      "409 and a check without reasons",
      { [REGISTER]: refused, [COMPATIBLE]: [200, { is_compatible: false }] },
      {},
      /earlier schema/,
    ],
    ["409 and no check to be had", { [REGISTER]: refused, [COMPATIBLE]: [500, ""] }, {}, /earlier schema/],
    ["422", { [REGISTER]: [422, { error_code: 42201, message: "Invalid schema" }] }, {}, /Invalid schema/],
    ["found by the check alone", { [COMPATIBLE]: [200, verdict] }, { autoRegister: false }, /DEFAULT_VALUE: tenant/],
  ])("%s", async (_, answers, changes, reason) => {
    const error = await failure(answers, changes);
    expect(error).toMatchObject({ code: "schema_incompatible", disposition: "fatal" });
    expect(error.message).toMatch(reason);
    expect(error.message).toContain(options.subject);
  });
});

describe("what a person has to change is fatal", () => {
  test.each<[string, Answers, string, RegExp]>([
    ["wrong credentials", { [LOOK_UP]: [401, ""] }, "credentials_refused", /401.*schemaRegistry.auth/],
    ["no right to register", { [REGISTER]: [403, { message: "denied" }] }, "credentials_refused", /403 \(denied\)/],
    [
      "read-only",
      { [REGISTER]: [422, { error_code: 42205, message: "READONLY mode" }] },
      "registry_unavailable",
      /READONLY/,
    ],
    [
      "no registry there",
      { [LOOK_UP]: [404, "<html>"], [SUBJECTS]: [404, "<html>"] },
      "registry_unavailable",
      /is the path right/,
    ],
    [
      "any web server",
      { [LOOK_UP]: [404, ""], [SUBJECTS]: [200, "<html>"] },
      "registry_unavailable",
      /is the path right/,
    ],
    ["a redirect", { [LOOK_UP]: [302, ""] }, "registry_unavailable", /redirects/],
    ["an answer to nothing asked", { [LOOK_UP]: [400, "what?"] }, "registry_unavailable", /400.*what\?/],
  ])("%s", async (_, answers, code, message) => {
    const error = await failure(answers);
    expect(error).toMatchObject({ code, disposition: "fatal" });
    expect(error.message).toMatch(message);
    expect(error.message).toContain("http://registry:8081/apis/ccompat/v7");
  });
});

test("a registry whose 404 says nothing is one all the same when it lists its subjects", async () => {
  expect(await open({ [LOOK_UP]: [404, ""], [SUBJECTS]: [200, []], [REGISTER]: [200, { id: 3 }] })).toBe(3);
});

describe("what may pass by itself can be tried again", () => {
  test.each<[string, Answers]>([
    ["500", { [LOOK_UP]: [500, ""] }],
    ["503 while registering", { [REGISTER]: [503, "starting"] }],
    ["429", { [LOOK_UP]: [429, ""] }],
    ["an answer cut off", { [LOOK_UP]: [200, '{"id":'] }],
    ["no id", { [LOOK_UP]: [200, { version: 1 }] }],
    ["an id that the wire format cannot hold", { [LOOK_UP]: [200, { id: 2 ** 32 }] }],
  ])("%s", async (_, answers) => {
    expect(await failure(answers)).toMatchObject({ code: "registry_unavailable", disposition: "retry" });
  });

  test("no answer at all", async () => {
    const exchange: Exchange = () => Promise.reject(new Error("connect ECONNREFUSED"));
    const opened = openSchema(options, exchange, neverAborts());
    await expect(opened).rejects.toMatchObject({ code: "registry_unavailable", disposition: "retry" });
    await expect(opened).rejects.toThrow(/ECONNREFUSED/);
  });
});

test("an abort is passed on as it is, not as an error of the registry", async () => {
  const stop = new AbortController();
  const exchange: Exchange = async () => {
    stop.abort(new Error("stopping"));
    throw new Error("socket hang up");
  };
  await expect(openSchema(options, exchange, stop.signal)).rejects.toThrow("stopping");
});

test("the password goes with every request and into no message", async () => {
  const auth = { username: "connector", password: new Secret("env PASSWORD", () => "hunter2") };
  const { exchange, requests } = registry({ [REGISTER]: [409, ""] });
  const error = await openSchema({ ...options, auth }, exchange, neverAborts()).catch((thrown: Error) => thrown);
  const basic = `Basic ${Buffer.from("connector:hunter2").toString("base64")}`;
  expect(requests.map((request) => request.headers["authorization"])).toEqual(requests.map(() => basic));
  expect(requests.every((request) => request.timeoutMs === options.timeoutMs)).toBe(true);
  expect(String(error)).not.toMatch(/hunter2|Basic/);
});

test("a subject with a slash stays one part of the path", async () => {
  const { exchange, requests } = registry({});
  await openSchema({ ...options, subject: "a/b-value" }, exchange, neverAborts()).catch(() => null);
  expect(requests[0]?.url.pathname).toBe("/apis/ccompat/v7/subjects/a%2Fb-value");
});

describe("a schema by its id", () => {
  const byId = (answer: [number, unknown]) => {
    const { exchange } = registry({ "GET /schemas/ids/7": answer });
    return schemaById(options, 7, exchange, neverAborts());
  };

  test("is given as JSON", async () => {
    expect(await byId([200, { schema: schemaText }])).toEqual(JSON.parse(schemaText));
  });

  test.each<[number, unknown, string, RegExp]>([
    [404, { error_code: 40403, message: "Schema not found" }, "schema_missing", /asked for schema 7: it is not the/],
    [200, { schema: "no JSON" }, "registry_unavailable", /answered 200 when asked for schema 7/],
    [200, "<html>", "registry_unavailable", /<html>/],
    [401, "", "credentials_refused", /401/],
    [503, "", "registry_unavailable", /503/],
  ])("%d %j is an error with its remedy", async (status, body, code, message) => {
    await expect(byId([status, body])).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});
