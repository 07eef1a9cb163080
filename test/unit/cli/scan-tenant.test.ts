import { expect, test } from "vitest";
import { readTenant, type TenantArgs } from "../../../src/cli/scan-tenant.ts";

const none: TenantArgs = {
  config: undefined,
  set: [],
  tenant: undefined,
  url: undefined,
  tokenFile: undefined,
  token: undefined,
  requestsPerMinute: undefined,
};
const two = [
  "tenants.a.apiUrl=https://a.example",
  `tenants.a.auth.token=\${env:T}`,
  "tenants.b.apiUrl=https://b.example",
  `tenants.b.auth.token=\${env:T}`,
];
const wrong = (args: Partial<TenantArgs>, env = {}) => {
  try {
    readTenant({ ...none, ...args }, env);
  } catch (error) {
    return error as Error;
  }
  throw new Error("was taken");
};

test("an address and a token in the environment are a tenant with all defaults", () => {
  const { tenant, label } = readTenant({ ...none, url: "https://contoso.example/cas" }, { MDCA_TOKEN: "s3cret" });
  expect(tenant).toMatchObject({ apiUrl: "https://contoso.example/cas", requestsPerMinute: 20 });
  expect(tenant.auth.kind === "token" && tenant.auth.token.reveal()).toBe("s3cret");
  expect(label).toBe("contoso.example");
});

test("overrides of the connector in the environment do not reach a tenant given by address", () => {
  const env = { MDCA_TOKEN: "t", MDCA_SOURCE__TENANTS__OTHER__APIURL: "https://other.example" };
  expect(readTenant({ ...none, url: "https://contoso.example" }, env).tenant.name).toBe("tenant");
});

test("a token on the command line is refused, not shown, and the ways are told", () => {
  const { message } = wrong({ url: "https://contoso.example", token: "s3cret" });
  expect(message).toMatch(/--token-file PATH/);
  expect(message).not.toContain("s3cret");
});

test("of several tenants one has to be named, and the known ones are told", () => {
  expect(wrong({ set: two }, { T: "t" }).message).toMatch(/--tenant with one of a, b/);
  expect(wrong({ set: two, tenant: "c" }, { T: "t" }).message).toMatch(/no tenant "c"; known are a, b/);
  expect(readTenant({ ...none, set: two, tenant: "b" }, { T: "t" }).tenant.name).toBe("b");
});

test.each<[string, Partial<TenantArgs>, RegExp]>([
  ["neither", {}, /--config FILE/],
  ["both", { config: "x.yaml", url: "https://a.example" }, /not both/],
  ["no token", { url: "https://a.example" }, /MDCA_TOKEN/],
  ["a tenant's name with an address", { url: "https://a.example", tenant: "a" }, /--tenant goes with --config/],
  ["a token file with a configuration", { config: "x.yaml", tokenFile: "t" }, /--token-file goes with --url/],
  ["plain http", { url: "http://a.example", tokenFile: "/dev/null" }, /--url: found "http:\/\/a\.example"/],
  ["a missing token file", { url: "https://a.example", tokenFile: "/nowhere/t" }, /--token-file: cannot read/],
])("%s is wrong usage and says what to give", (_, args, message) => {
  expect(wrong(args)).toMatchObject({ code: "config_invalid", message: expect.stringMatching(message) });
});

test("a pace can be given, within reason", () => {
  const args = { ...none, set: two, tenant: "a" };
  expect(readTenant({ ...args, requestsPerMinute: 5 }, { T: "t" }).tenant.requestsPerMinute).toBe(5);
  for (const requestsPerMinute of [1, 0, 2.5, Number.NaN]) {
    expect(wrong({ ...args, requestsPerMinute }, { T: "t" }).message).toMatch(/--requests-per-minute/);
  }
});
