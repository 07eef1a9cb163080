import fc from "fast-check";
import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { maskedConfig } from "../../src/config/mask.ts";
import { editDistance } from "../../src/config/nearest.ts";
import { ConnectorError } from "../../src/kit/errors.ts";

const SECRETS = ["S3cretToken0123456789", "S3cretClient", "S3cretProxy", "S3cretSasl", "S3cretRegistry", "S3cretEnv"];

const YAML = `
tenants:
  contoso:
    apiUrl: https://contoso.example.com
    auth: { token: "S3cretToken0123456789" }
    proxy: { url: "http://proxy:1", username: u, password: S3cretProxy }
  fab:
    apiUrl: https://fab.example.com
    auth:
      directoryId: d
      clientId: c
      clientSecret: S3cretClient
kafka:
  brokers: [localhost:9092]
  sasl:
    mechanism: plain
    username: "u"
    password: 'S3cretSasl'
schemaRegistry:
  auth: { username: u, password: "S3cretRegistry" }
`;

/** What people and editors leave behind in YAML; each may end a string, a map or a line too early. */
const slip = fc.record({
  at: fc.nat(YAML.length),
  text: fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    ":",
    ": ",
    '"',
    "'",
    "\n",
    "\n  ",
    "\t",
    " ",
    "#",
    " #",
    "&a ",
    "*a",
    "!",
    "- ",
    ",",
    "|",
    "x: 1\n",
  ),
});

test("whatever is wrong with a file, no message, warning or masked configuration holds a secret", () => {
  fc.assert(
    fc.property(
      fc.array(slip, { maxLength: 3 }),
      fc.constantFrom("sasl.mechanism", "sasl", "ssl.key"),
      (slips, option) => {
        const yaml = slips.reduce(
          (text, { at, text: inserted }) => text.slice(0, at) + inserted + text.slice(at),
          YAML,
        );
        const shown = shownOf(yaml, [`kafka.${option}=S3cretEnv`]) + shownOf(yaml, []);
        for (const secret of SECRETS) expect(shown).not.toContain(secret);
      },
    ),
    { numRuns: 400 },
  );
});

function shownOf(yaml: string, sets: readonly string[]): string {
  try {
    const { config, warnings } = loadConfig({ file: "/c.yaml", sets, env: {} }, () => yaml);
    return JSON.stringify([maskedConfig(config), config, warnings]);
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    return `${error.message} ${String(error.cause)} ${error.stack}`;
  }
}

/** Anything that YAML can hold, crowded around the names of real options. */
const tree = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 5 }, fc.anything({ maxDepth: 1 }), fc.array(tie("value"), { maxLength: 2 }), tie("map")),
  map: fc.dictionary(
    fc.oneof(
      fc.constantFrom(
        "tenants",
        "scans",
        "kafka",
        "topics",
        "contoso",
        "auth",
        "token",
        "apiUrl",
        "filters",
        "ssl",
        "name",
        "service",
      ),
      fc.string({ maxLength: 4 }),
      fc.constant("__proto__"),
    ),
    tie("value"),
    { maxKeys: 5 },
  ),
})).map;

test("any tree is either a configuration or told what is wrong, never an accident", () => {
  fc.assert(
    fc.property(tree, (root) => {
      expect(() => shownOf(JSON.stringify(root) ?? "", [])).not.toThrow();
    }),
    { numRuns: 500 },
  );
});

test("the distance of two words is a distance, and no longer than the longer word", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 6 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = editDistance(a, b);
      expect(distance).toBe(editDistance(b, a));
      expect(distance === 0).toBe(a === b);
      expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
    }),
  );
});
