import { TENANT_NUMBER } from "./archive.ts";
import { FAILED_LOGIN, type Kind, LOGIN } from "./kinds.ts";
import { rawModel } from "./raw-models.ts";
import { rawSlot, slot } from "./slots.ts";

/** What differs between two activities of one kind. */
export type SlotName =
  | "id"
  | "created"
  | "timestamp"
  | "instantiation"
  | "isoTime"
  | "isoCreated"
  | "guidA"
  | "guidB"
  | "guidC"
  | "userName"
  | "displayName"
  | "objectId"
  | "userTag"
  | "ip"
  | "countryCode"
  | "location"
  | "user"
  | "entityData"
  | "link"
  | "number"
  | "bigInteger"
  | "fileName"
  | "padding";

const ENTRA_DIRECTORY = "ebac1a16-81bf-449b-8d43-5732c3c1d999";
const FILE_URL = "https://contoso.example/docs/";

/** One kind's activity as the API answers it, field by field, with marks for what differs. */
export function activityModel(kind: Kind): object {
  return {
    _id: slot("id"),
    tenantId: TENANT_NUMBER,
    aadTenantId: ENTRA_DIRECTORY,
    appId: kind.service,
    saasId: kind.service,
    timestamp: rawSlot("timestamp"),
    timestampRaw: rawSlot("timestamp"),
    instantiation: rawSlot("instantiation"),
    instantiationRaw: rawSlot("instantiation"),
    created: rawSlot("created"),
    createdRaw: rawSlot("created"),
    eventType: kind.eventType,
    eventTypeValue: kind.eventTypeValue,
    eventRouting: {
      scubaUnpacker: false,
      lograbber: true,
      auditing: true,
      ...(kind.family === "login" ? { dispersed: true } : {}),
      ...(kind.admin ? { adminEvent: true } : {}),
      ...(kind.family === "proxy" ? { samlproxy: true, niptuck: false, isAadLimitedSession: false } : {}),
    },
    device: {
      clientIP: slot("ip"),
      userAgent: kind.family === "login" ? ";Windows 10;Chrome 142.0;" : "OneDriveMpc-Transform_Thumbnail/1.0",
      countryCode: slot("countryCode"),
      ...(kind.family === "proxy"
        ? { machineId: slot("guidB"), certificate: { certifiedByClientCertificate: false } }
        : {}),
    },
    location: rawSlot("location"),
    user: rawSlot("user"),
    ...(kind.eventTypeValue === FAILED_LOGIN ? { failedUserData: { userName: slot("userName") } } : {}),
    userAgent: userAgent(kind),
    internals: { otherIPs: [slot("ip")] },
    mainInfo: mainInfo(kind),
    confidenceLevel: kind.family === "login" ? 30 : 20,
    source: kind.family === "proxy" ? 1 : 2,
    lograbberService: routing(kind),
    srcAppId: kind.sourceApp,
    collected: collected(kind),
    rawDataJson: rawModel(kind),
    ...actors(kind),
    ...(kind.family === "proxy" ? sessionFields() : {}),
    uid: slot("id"),
    appName: kind.appName,
    ...(kind.admin ? { appType: 1, tags: ["000000200000000000000000"] } : {}),
    eventTypeName: kind.eventTypeName,
    classifications: kind.family === "login" ? ["access"] : [],
    entityData: rawSlot("entityData"),
    ...description(kind),
    description: kind.description,
    genericEventType: kind.genericEventType,
    severity: "INFO",
  };
}

function routing(kind: Kind): object {
  if (kind.family === "login") return { scubaUnpacker: true };
  if (kind.family === "audit") return { o365EventGrabber: true, gediEvent: true };
  return { o365EventGrabber: false, categoryReasonForNotGedi: "", valueReasonForNotGedi: "none" };
}

function description(kind: Kind): object {
  return {
    description_id: descriptionId(kind),
    description_metadata: {
      target_object: kind.family === "audit" ? slot("fileName") : "",
      operation_name: kind.operation,
      colon: "",
      dash: "",
      ...(kind.admin
        ? { operation_status: "succeeded", parameters: "Enabled: True", to_object: slot("userName") }
        : {}),
      ...(kind.eventTypeValue === FAILED_LOGIN
        ? { activity_result_message: "(Failure message: General failure)", event_category: "Failed log on" }
        : {}),
      ...(kind.eventTypeValue === LOGIN ? { event_category: "Log on" } : {}),
    },
  };
}

function descriptionId(kind: Kind): string {
  if (kind.eventTypeValue === FAILED_LOGIN) return "EVENT_DESCRIPTION_FAILED_LOGIN";
  return kind.eventTypeValue === LOGIN ? "EVENT_DESCRIPTION_LOGIN" : "EVENT_DESCRIPTION_BASIC_EVENT";
}

function userAgent(kind: Kind): object {
  if (kind.family === "audit") {
    return {
      family: "MICROSOFT_ONEDRIVE_FOR_BUSINESS",
      name: kind.appName,
      operatingSystem: { name: "Unknown", family: "Unknown" },
      type: "Application",
      typeName: "Application",
      deviceType: "OTHER",
      nativeBrowser: true,
      tags: ["000000000000000000000000"],
      os: "OTHER",
      browser: "MICROSOFT_ONEDRIVE_FOR_BUSINESS",
    };
  }
  return {
    family: "CHROME",
    name: "Chrome",
    operatingSystem: { family: "Windows", name: "Windows 10", version: "10" },
    type: "Browser",
    typeName: "Browser",
    deviceType: "DESKTOP",
    nativeBrowser: false,
    os: "windows",
    browser: "CHROME",
    major: "142",
    minor: "0",
    version: "142.0",
  };
}

function mainInfo(kind: Kind): object {
  const account = {
    name: slot("displayName"),
    instanceId: 0,
    resolved: true,
    saasId: kind.sourceApp,
    link: rawSlot("link"),
  };
  return {
    eventObjects: [
      kind.family === "login"
        ? { objType: 7, role: 3, tags: [], name: "Pass-through authentication", value: "false" }
        : {
            objType: 1,
            role: 3,
            tags: [],
            name: `${FILE_URL}${slot("fileName")}`,
            id: slot("guidC"),
            serviceObjectType: "OneDrive Site Collection",
          },
      { objType: 6, role: 1, tags: [], name: "EWS O365 \u00e9", id: slot("guidA") },
      { ...account, objType: 21, role: 4, tags: [], id: slot("userName") },
      { ...account, objType: 23, role: 4, tags: [slot("userTag")], id: slot("objectId"), governable: false },
    ],
    rawOperationName: kind.operation,
    prettyOperationName: kind.operation,
    ...outcome(kind),
  };
}

/** UNVERIFIED for a login that succeeds: the samples hold failed ones alone. */
function outcome(kind: Kind): object {
  if (kind.eventTypeValue === FAILED_LOGIN)
    return { type: "failedLogin", activityResult: { isSuccess: false, message: "General failure" } };
  return kind.eventTypeValue === LOGIN ? { type: "login", activityResult: { isSuccess: true } } : { type: "basic" };
}

function collected(kind: Kind): object {
  const routed = { MCAS_Router: false, enqueueTime: rawSlot("instantiation"), routingTime: rawSlot("instantiation") };
  if (kind.family === "login") return { aadLogins: { ...routed, correlationId: slot("guidA") } };
  if (kind.family === "azure") {
    return {
      azure: {
        ...routed,
        resourceGroup: "RG-é",
        resourceName: slot("guidB"),
        resourceProvider: "Microsoft.Compute",
        resourceType: "virtualMachines",
        subscriptionId: slot("guidC"),
      },
    };
  }
  return {
    o365: {
      blobCreated: slot("isoCreated"),
      blobId: `20260718182019454009710$20260718182110617003525$audit_general$Audit_General$emea00${slot("number")}`,
      ...(kind.admin ? { commandParameters: `[{"Name":"Identity","Value":"${slot("number")}"}]` } : {}),
    },
  };
}

/** The same numbers that are integers in `eventObjects` are strings here, as the API has them. */
function actors(kind: Kind): object {
  const account = {
    saasId: String(kind.sourceApp),
    instanceId: "0",
    tags: [slot("userTag")],
    name: slot("displayName"),
    role: "4",
    resolved: true,
  };
  return {
    resolvedActor: { ...account, id: slot("objectId"), objType: "23", governable: false },
    ...(kind.family === "login"
      ? { resolvedActorAccount: { ...account, id: slot("userName"), governable: true } }
      : {}),
  };
}

function sessionFields(): object {
  return {
    session: { sessionId: slot("guidB") },
    host: { name: "contoso.example.cas.ms" },
    http: { httpMethod: "GET", httpPath: `/files/${slot("number")}`, httpReferer: FILE_URL, requestId: slot("guidC") },
    connection: { targetIp: "198.51.100.7", targetPort: 443 },
    protocols: { HTTP: true, SSL: true },
    serviceHostName: "contoso.example",
    targetAppLoginUrl: "https://contoso.example/login",
    matchingRules: [slot("userTag")],
    matchingRuleDetails: [{ id: slot("userTag"), name: 'Block "downloads"', priority: 1 }],
    performedActions: [{ action: "block", status: "done" }],
    performedActionNamesSet: ["block"],
  };
}
