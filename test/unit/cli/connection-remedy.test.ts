import { expect, test } from "vitest";
import { connectionRemedy } from "../../../src/cli/connection-remedy.ts";

const by = { address: "peer.url", ca: "peer.ca", proxy: "peer.proxy", proxyVariable: null };

test.each<[string, RegExp]>([
  ["DEPTH_ZERO_SELF_SIGNED_CERT", /set peer\.ca/],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", /set peer\.ca/],
  ["CERT_HAS_EXPIRED", /renewed.*clock/],
  ["ERR_TLS_CERT_ALTNAME_INVALID", /another name: set peer\.url/],
  ["ERR_SSL_WRONG_VERSION_NUMBER", /does not speak TLS/],
  ["ENOTFOUND", /cannot be resolved.*peer\.url.*set peer\.proxy\.url/],
  ["ECONNREFUSED", /nothing answers.*peer\.url.*set peer\.proxy\.url/],
  ["UND_ERR_CONNECT_TIMEOUT", /nothing answers/],
])("%s names the option that answers it", (code, remedy) => {
  expect(connectionRemedy(code, by)).toMatch(remedy);
});

test("a proxy that only the environment names comes first, where one can be set", () => {
  const named = { ...by, proxyVariable: "HTTPS_PROXY" };
  expect(connectionRemedy("ECONNREFUSED", named)).toMatch(
    /\(HTTPS_PROXY\).*set peer\.proxy\.url; else check peer\.url/,
  );
  expect(connectionRemedy("DEPTH_ZERO_SELF_SIGNED_CERT", named)).toMatch(/set peer\.ca/);
  expect(connectionRemedy("ECONNREFUSED", { ...named, proxy: null })).not.toMatch(/proxy/);
});

test("nothing is said where the code says nothing", () => {
  expect([connectionRemedy(null, by), connectionRemedy("ECONNRESET", by)]).toEqual([null, null]);
});
