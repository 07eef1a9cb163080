import { FAILED_LOGIN, type Kind } from "./kinds.ts";
import { rawSlot, slot } from "./slots.ts";

/** The source application's own event, free in form; the traps that real ones hold are all here. */
export function rawModel(kind: Kind): object {
  if (kind.family === "login") return loginModel(kind.eventTypeValue !== FAILED_LOGIN);
  if (kind.family === "azure") return azureModel();
  return auditModel(kind);
}

/** Keys that differ only in case, as one real tenant shows them; legal in JSON. */
const CASE_TWINS = {
  Level: 4,
  level: 2,
  Status: "Success",
  status: { value: "Succeeded" },
};

/** Texts that look like the structure around them, or are hard to unescape. */
const LOOKALIKES = {
  Query: 'x","data":[{"_id":"none"}],"hasNext":false}]',
  Escapes: 'C:\\"q"\\ \t\n\r\u0000\u0007',
  Unicode: "naïve 漢字 😀👩‍👧 \u2028 عرب",
};

function auditModel(kind: Kind): object {
  return {
    OrganizationId: "ebac1a16-81bf-449b-8d43-5732c3c1d999",
    CreationTime: slot("isoTime"),
    RecordType: 6,
    Operation: kind.operation,
    UserType: 0,
    Workload: kind.appName,
    ClientIP: slot("ip"),
    UserKey: slot("number"),
    Version: 1,
    ObjectId: `https://contoso.example/docs/Documents/${slot("fileName")}`,
    CorrelationId: slot("guidA"),
    UserId: slot("userName"),
    ListItemUniqueId: slot("guidB"),
    EventSource: "SharePoint",
    eventSource: { value: "Sharepoint" },
    SourceFileExtension: "docx",
    UserAgent: "OneDriveMpc-Transform_Thumbnail/1.0",
    SourceRelativeUrl: "Documents",
    ItemType: "File",
    SourceFileName: slot("fileName"),
    Id: slot("guidC"),
    ApplicationId: "4345a7b9-9a63-4910-a426-35363201d503",
    ListId: "0d2a8402-c671-43cd-b8ec-b49882d43e08",
    WebId: "8a6420f5-3cde-4d37-911c-ce86af6d3910",
    SiteUrl: "https://contoso.example/docs/",
    Site: "cac4b654-5fcf-44f0-818e-479cf8ae42ac",
    DoNotDistributeEvent: true,
    ExternalAccess: false,
    AffectedItems: [
      { Id: rawSlot("bigInteger"), ParentFolder: { Path: "\\Inbox\\Ünïcode" }, Attachments: null },
      null,
      [],
    ],
    SizeInBytes: rawSlot("bigInteger"),
    ...LOOKALIKES,
    ...CASE_TWINS,
    Padding: slot("padding"),
  };
}

function loginModel(succeeded: boolean): object {
  return {
    ApplicationId: "c61faf03-1cbc-4409-94a9-ae1497de0883",
    applicationId: slot("guidC"),
    ApplicationName: "EWS O365",
    BrowserId: null,
    Call: "OAuth2:Authorize",
    CorrelationId: slot("guidA"),
    correlationId: slot("guidA"),
    DataSource: null,
    DeviceInfo: ";Windows 10;Chrome 142.0;",
    DeviceTrustType: "",
    EventType: "MCASLoginEvent",
    HomeTenantUserObjectId: slot("objectId"),
    IpAddress: slot("ip"),
    IsDeviceCompliantAndManaged: false,
    IsInteractive: null,
    IsInteractiveComputed: true,
    LoginErrorCode: succeeded ? 0 : 16_000,
    LoginStatus: succeeded ? "Success" : "Failure",
    MfaAuthMethod: null,
    MfaMaskedDeviceId: null,
    MfaRequired: false,
    MfaResult: null,
    MfaStatusRaw: null,
    MsodsTenantRegionScope: "EU",
    Pid: rawSlot("bigInteger"),
    RequestId: slot("guidB"),
    SasStatus: null,
    TenantId: "ebac1a16-81bf-449b-8d43-5732c3c1d999",
    tenantId: "ebac1a16-81bf-449b-8d43-5732c3c1d999",
    TimeStamp: slot("isoTime"),
    TIMESTAMP: slot("isoTime"),
    Upn: slot("userName"),
    UserIsPassthru: false,
    UserName: slot("displayName"),
    UserPrincipalObjectID: slot("objectId"),
    UserTenantId: null,
    UserTenantMsodsRegionScope: null,
    ...LOOKALIKES,
    ...CASE_TWINS,
    Padding: slot("padding"),
  };
}

function azureModel(): object {
  return {
    authorization: { action: "Microsoft.Compute/virtualMachines/write", scope: `/subscriptions/${slot("guidC")}` },
    claims: { aud: "https://management.example/", "http://schemas.example/claims/upn": slot("userName"), iat: "1795" },
    caller: slot("userName"),
    channels: 1,
    EventName: "VmWrite",
    eventName: { value: "BeginRequest", localizedValue: "Begin request" },
    correlationId: slot("guidA"),
    eventTimestamp: slot("isoTime"),
    httpRequest: { clientRequestId: slot("guidB"), clientIpAddress: slot("ip"), method: "PUT" },
    properties: {
      statusCode: "OK",
      serviceRequestId: null,
      responseBody: '{"name":"vm-é","tags":{"a":[1,2,{"b":"}]"}]}}',
    },
    operationId: slot("guidB"),
    quotaBytes: rawSlot("bigInteger"),
    ratio: 1.5e-7,
    resourceUri: `/subscriptions/${slot("guidC")}/resourceGroups/RG-é/providers/Microsoft.Compute/virtualMachines/vm-1`,
    subscriptionId: slot("guidC"),
    tenantId: "ebac1a16-81bf-449b-8d43-5732c3c1d999",
    isRetry: false,
    issuedAt: slot("isoTime"),
    issuer: "https://sts.example/",
    nested: [[[], {}], { deep: { deeper: { deepest: [null, true, false, 0, -1, 0.1] } } }],
    ...LOOKALIKES,
    ...CASE_TWINS,
    Padding: slot("padding"),
  };
}
