import { expect, test } from "vitest";
import { loadConfig } from "../../../src/config/load.ts";
import { FILE, load, MINIMAL, problemsOf } from "./loading.ts";

const tokenFrom = (reference: string) => MINIMAL.replace("env:CONTOSO_TOKEN", reference);

test("a secret is read again at each use, so that a rotated one is used", () => {
  const files: Record<string, string> = { [FILE]: tokenFrom("file:/run/token"), "/run/token": "one\n" };
  const { config } = loadConfig({ file: FILE, sets: [], env: {} }, (path) => files[path] ?? "");
  const { auth } = config.tenants[0]!;
  const reveal = () => (auth.kind === "token" ? auth.token.reveal() : null);
  expect(reveal()).toBe("one");
  files["/run/token"] = "two\r\n";
  expect(reveal()).toBe("two");
  files["/run/token"] = "\n";
  expect(reveal).toThrow(
    expect.objectContaining({ code: "secret_unreadable", message: "file /run/token is empty", disposition: "retry" }),
  );
});

test("what cannot be read is a problem at once, named without its content", () => {
  expect(problemsOf(tokenFrom("file:/run/token"))).toEqual([
    "tenants.contoso.auth.token (line 5): cannot read file /run/token: it does not exist",
  ]);
  expect(problemsOf(tokenFrom("env:NONE"))).toEqual([
    "tenants.contoso.auth.token (line 5): environment variable NONE is not set",
  ]);
  expect(problemsOf(MINIMAL, { env: { CONTOSO_TOKEN: "" } })).toEqual([
    "tenants.contoso.auth.token (line 5): environment variable CONTOSO_TOKEN is empty",
  ]);
});

test("a literal secret is taken, with a warning that does not repeat it", () => {
  const { warnings } = load(MINIMAL.replace(/\$\{.*\}"/, `s3cret"`));
  expect(warnings).toEqual([
    `tenants.contoso.auth.token (line 5): a secret written into the configuration; better \${file:PATH} or \${env:NAME}`,
  ]);
});

test("a secret by flag is literal; one by environment is not, and is read again", () => {
  const byFlag = load(MINIMAL, { sets: ["tenants.contoso.auth.token=0123"] });
  expect(byFlag.warnings[0]).toContain(
    "tenants.contoso.auth.token (--set tenants.contoso.auth.token): a secret written",
  );
  const { auth } = byFlag.config.tenants[0]!;
  expect(auth.kind === "token" && auth.token.reveal()).toBe("0123");

  const env: Record<string, string> = { CONTOSO_TOKEN: "x", MDCA_SOURCE__TENANTS__CONTOSO__AUTH__TOKEN: "0456" };
  const { config, warnings } = loadConfig({ file: FILE, sets: [], env }, () => MINIMAL);
  expect(warnings).toEqual([]);
  const secret = config.tenants[0]?.auth;
  expect(secret?.kind === "token" && secret.token.reveal()).toBe("0456");
  env["MDCA_SOURCE__TENANTS__CONTOSO__AUTH__TOKEN"] = "new";
  expect(secret?.kind === "token" && secret.token.reveal()).toBe("new");
});

test("other options are filled in at once, as the kind that they need", () => {
  const yaml = `${MINIMAL}
http: { port: "\${env:PORT}", host: "\${env:HOST}" }
kafka: { clientId: "\${env:PORT}", brokers: ["\${env:HOST}:9092"] }
schemaRegistry: { autoRegisterSchemas: "\${env:NO}" }
scans: { a: { tenant: contoso, topic: "t-\${env:HOST}-\${scan}" } }`;
  const { config } = load(yaml, { env: { PORT: "81", HOST: "h", NO: "false" } });
  expect(config.http).toEqual({ host: "h", port: 81 });
  expect(config.kafka).toMatchObject({ clientId: "81", brokers: ["h:9092"] });
  expect(config.schemaRegistry.autoRegisterSchemas).toBe(false);
  expect(config.scans[0]?.topic).toBe("t-h-a");
});

test("a value that came from elsewhere is not repeated when it is wrong", () => {
  expect(problemsOf(`${MINIMAL}http: { port: "\${env:CONTOSO_TOKEN}" }`)).toEqual([
    `http.port (line 6): found "\${env:CONTOSO_TOKEN}" (its value is not shown); allowed: a whole number from 0 to 65535`,
  ]);
});

test("certificates are read, and a key that is a path is refused", () => {
  const yaml = (ssl: string) => `${MINIMAL}kafka: { ssl: ${ssl} }`;
  expect(problemsOf(yaml("{ ca: none.pem }"))).toEqual([
    "kafka.ssl.ca (line 6): cannot read file none.pem: it does not exist",
  ]);
  expect(problemsOf(yaml("{ ca: empty }"), { files: { "/etc/connector/empty": "x" } })).toEqual([
    "kafka.ssl.ca (line 6): file empty holds no PEM text",
  ]);
  const files = { "/etc/connector/c": "-----BEGIN x" };
  expect(problemsOf(yaml("{ cert: c, key: c }"), { files })[0]).toContain("kafka.ssl.key (line 6): holds no PEM text");
  expect(problemsOf(yaml("{ cert: c }"), { files })).toEqual([
    "kafka.ssl (line 6): give cert and key together, or neither",
  ]);
});

test("a word out of place beside secrets may be one, and is only repeated when it is nearly an option", () => {
  const problemsWith = (auth: string) => problemsOf(MINIMAL.replace(/auth: .*/, `auth: ${auth}`));
  expect(problemsWith("{ directoryId: d, clientId: c, clientSecret: s, S3cretToken }")).toEqual([
    "tenants.contoso.auth (line 5): unknown option (not shown); known are token, directoryId, clientId, clientSecret, cloud, tokenUrl",
  ]);
  expect(problemsWith("{ token: t, tokne: t }")).toEqual([
    'tenants.contoso.auth.tokne (line 5): unknown option; did you mean "token"?',
  ]);
  expect(problemsWith("S3cretToken")[0]).toContain("found a text (not shown)");
});
