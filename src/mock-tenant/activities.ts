import { answerPage, type PageAnswer } from "./answer-page.ts";
import { type Exchange, readBody, sendJson, sendText, untilAborted } from "./exchange.ts";
import type { FilterError } from "./filters.ts";
import { requestOfBody, requestOfQuery, type ScanRequest } from "./scan-request.ts";
import { sendPage } from "./send-page.ts";
import type { FaultName } from "./settings.ts";
import type { TenantState } from "./tenant-state.ts";
import { sendThrottled } from "./throttled.ts";
import type { ArrivedRequest, Outcome } from "./traffic.ts";

const PATH = "/api/v1/activities/";

/** Answers an API request: counted, throttled, authorised, then served or made to fail. */
export async function serveApi(exchange: Exchange, state: TenantState): Promise<void> {
  const nowMs = state.advance();
  const { request, retryAtMs } = state.traffic.arrive(nowMs, state.settings);
  const { response } = exchange;
  try {
    request.outcome = await serveCounted(exchange, state, { request, retryAtMs });
  } catch (error) {
    request.outcome = "aborted";
    if (!exchange.signal.aborted) throw error;
  } finally {
    request.status = response.headersSent ? response.statusCode : null;
  }
}

interface Counted {
  readonly request: ArrivedRequest;
  readonly retryAtMs: number | null;
}

async function serveCounted(exchange: Exchange, state: TenantState, { request, retryAtMs }: Counted): Promise<Outcome> {
  const { response, url } = exchange;
  const { settings } = state;
  if (settings.down === "close") {
    exchange.request.socket.destroy();
    return "down";
  }
  if (settings.down === "refuse") {
    sendText(response, 503, "text/html", "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>");
    return "down";
  }
  if (retryAtMs !== null) {
    sendThrottled(response, settings.throttleShape, { nowMs: state.nowMs(), retryAtMs });
    return "throttled";
  }
  if (`${url.pathname}/` === PATH) {
    response.writeHead(301, { location: `${PATH}${url.search}` });
    response.end();
    return "redirect";
  }
  const access = state.credentials.access(exchange.request.headers.authorization, settings, state.nowMs());
  if (access !== "allowed") return refuseAccess(exchange, access);
  if (url.pathname !== PATH) {
    sendJson(response, 404, { detail: "Not found." });
    return "not_found";
  }
  return serveActivities(exchange, state, request);
}

function refuseAccess({ response }: Exchange, access: "missing" | "invalid" | "forbidden"): Outcome {
  if (access === "forbidden") {
    sendJson(response, 403, { detail: "You do not have permission to perform this action." });
    return "forbidden";
  }
  const detail = access === "missing" ? "Authentication credentials were not provided." : "Invalid token.";
  sendJson(response, 401, { detail }, { "www-authenticate": "Token" });
  return "unauthorized";
}

async function serveActivities(exchange: Exchange, state: TenantState, request: ArrivedRequest): Promise<Outcome> {
  const { response, signal } = exchange;
  const asked = await readRequest(exchange);
  if (typeof asked === "string") {
    sendJson(response, asked === "method" ? 405 : 400, { detail: `Not readable: ${asked}` });
    return "rejected";
  }
  if (Array.isArray(asked)) return reject(exchange, asked);
  if (state.settings.latencyMs > 0) await state.clock.sleep(state.settings.latencyMs, signal);
  const fault = (asked as ScanRequest).isScan ? state.faults.next(state.settings.faults) : null;
  if (fault !== null && (await failWithoutPage(exchange, fault))) return "fault";
  const nowMs = state.advance();
  const { archive, settings, issued } = state;
  const page = answerPage(asked as ScanRequest, { archive, settings, issued, nowMs, fault });
  if (Array.isArray(page)) return reject(exchange, page);
  const cuts = fault === "reset" || fault === "truncate" || fault === "stall";
  const cut = cuts ? { kind: fault, share: state.faults.share() } : null;
  await sendPage(exchange, page as PageAnswer, { archive, settings, cut, clock: state.clock });
  if (cut === null) request.sent = (page as PageAnswer).indexes.length;
  return fault === null ? "page" : "fault";
}

function reject({ response }: Exchange, errors: readonly FilterError[]): Outcome {
  sendJson(response, 400, { filters: errors, error: true });
  return "rejected";
}

async function readRequest({ request, url }: Exchange): Promise<ScanRequest | FilterError[] | string> {
  if (request.method === "GET") return requestOfQuery(url.searchParams);
  if (request.method !== "POST") return "method";
  const body = await readBody(request);
  return body === null ? "body too large" : requestOfBody(body, request.headers["content-type"] ?? "");
}

/** The faults that answer with something else than a page, or not at all. */
async function failWithoutPage({ response, signal }: Exchange, fault: FaultName): Promise<boolean> {
  switch (fault) {
    case "500":
      sendJson(response, 500, { detail: "Internal server error." });
      return true;
    case "502":
    case "503":
      sendText(response, Number(fault), "text/html", `<html><body><h1>${fault}</h1><hr>gateway</body></html>`);
      return true;
    case "html":
      sendText(response, 200, "text/html; charset=utf-8", "<!DOCTYPE html><html><title>Sign in</title></html>");
      return true;
    case "error-body":
      sendJson(response, 200, { error: true, filters: [], detail: "An error has occurred." });
      return true;
    case "hang":
      await untilAborted(signal);
      return true;
    default:
      return false;
  }
}
