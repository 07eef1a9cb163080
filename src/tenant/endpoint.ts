import { type ConnectorError, configInvalid } from "../kit/errors.ts";

/**
 * Where activities are asked for. `apiUrl` is the portal's address or the API URL that it shows, with or without
 * `/api`, `/api/v1`, a prefix such as `/cas`, or a slash at its end. The path always ends with a slash.
 *
 * @throws ConnectorError `config_invalid` when it is no such address, or plain http to another machine.
 */
export function activitiesUrl(apiUrl: string): URL {
  const url = checkedUrl(apiUrl, "apiUrl");
  if (url.search !== "" || url.hash !== "") throw invalid("apiUrl", "must not have a query or a fragment");
  const base = url.pathname
    .replace(/\/+$/, "")
    .replace(/\/activities$/, "")
    .replace(/\/v1$/, "")
    .replace(/\/api$/, "");
  url.pathname = `${base}/api/v1/activities/`;
  return url;
}

/**
 * An address that secrets may be sent to: https, or http on this machine. `setting` names it in errors.
 *
 * @throws ConnectorError `config_invalid`
 */
export function checkedUrl(text: string, setting: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw invalid(setting, "must be an address like https://contoso.us3.portal.cloudappsecurity.com");
  }
  if (url.username !== "" || url.password !== "") throw invalid(setting, "must not hold a user name or password");
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    throw invalid(setting, `must use https: plain http to ${url.host} would show the credentials to the network`);
  }
  return url;
}

/** Whether a URL's host name is this machine. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    /^127\.\d+\.\d+\.\d+$/.test(hostname)
  );
}

function invalid(setting: string, problem: string): ConnectorError {
  return configInvalid(`${setting} ${problem}`);
}
