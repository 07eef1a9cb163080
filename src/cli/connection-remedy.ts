/** The options that say how a peer is reached. */
export interface ReachedBy {
  readonly address: string;
  readonly ca: string;
  /** Null where none can be set. */
  readonly proxy: string | null;
  /** A variable of the environment that names a proxy, which nobody here takes to mean anything; null without one. */
  readonly proxyVariable: string | null;
}

const UNTRUSTED = [
  "CERT_SIGNATURE_FAILURE",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
];
const UNREACHED = [
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
];

/** What a person does about a connection that failed with this code; null where the code says nothing. */
export function connectionRemedy(code: string | null, by: ReachedBy): string | null {
  if (code === null) return null;
  if (UNTRUSTED.includes(code)) {
    return `its certificate is not signed by a trusted authority: set ${by.ca} to the PEM of the one that signed it`;
  }
  switch (code) {
    case "CERT_HAS_EXPIRED":
    case "CERT_NOT_YET_VALID":
      return "its certificate is not valid now: have it renewed, and check this machine's clock";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `its certificate is for another name: set ${by.address} to a name in it`;
    case "EPROTO":
    case "ERR_SSL_WRONG_VERSION_NUMBER":
      return `its port does not speak TLS: check scheme and port of ${by.address}`;
    default:
      return UNREACHED.includes(code) ? unreached(code, by) : null;
  }
}

function unreached(code: string, { address, proxy, proxyVariable }: ReachedBy): string {
  if (proxy !== null && proxyVariable !== null) {
    return `the environment names a proxy (${proxyVariable}), which is not used by itself: set ${proxy}.url; else check ${address}`;
  }
  const through = proxy === null ? "" : `, and where a proxy is needed set ${proxy}.url`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return `its name cannot be resolved from here: check ${address} and this machine's DNS${through}`;
  }
  return `nothing answers there: check ${address}, that it runs, and firewalls between here and there${through}`;
}
