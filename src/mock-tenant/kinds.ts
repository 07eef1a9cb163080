/** One kind of activity: what it is called, which application it comes from, how it is saved. */
export interface Kind {
  /** How often it comes, of the sum of all weights. */
  readonly weight: number;
  readonly service: number;
  readonly appName: string;
  /** The connector that brought it. */
  readonly sourceApp: number;
  readonly eventType: number;
  readonly eventTypeValue: string;
  readonly eventTypeName: string;
  readonly genericEventType: string;
  readonly operation: string;
  readonly description: string;
  /** `audit`: Office 365 audit records, whose times are whole seconds. `login`: Entra. `azure`: Azure. `proxy`: sessions. */
  readonly family: "audit" | "login" | "azure" | "proxy";
  readonly admin: boolean;
}

/** What stories are told with. Their names in the API: the failed login's are from a sample, of the others the categories. */
export const FAILED_LOGIN = "EVENT_AAD_LOGIN_FAILED";
export const LOGIN = "EVENT_AAD_LOGIN";
/** UNVERIFIED: the category is documented (EVENT_CATEGORY_DOWNLOAD_FILE), this name below it is a guess. */
export const FILE_DOWNLOADED = "EVENT_O365_ONEDRIVE_FILE_DOWNLOADED";

const exchange = { service: 20_893, appName: "Microsoft Exchange Online", sourceApp: 11_161, family: "audit" } as const;
const oneDrive = { service: 15_600, appName: "Microsoft OneDrive for Business", sourceApp: 15_600 } as const;
const office = { service: 11_161, appName: "Office 365", sourceApp: 11_161 } as const;

export const KINDS: readonly Kind[] = [
  {
    ...exchange,
    weight: 25,
    eventType: 2_359_297,
    eventTypeValue: "EVENT_O365_EXCHANGE_MAIL_ITEMS_ACCESSED",
    eventTypeName: "EVENT_CATEGORY_VIEW",
    genericEventType: "ENUM_ACTIVITY_GENERIC_TYPE_VIEW",
    operation: "MailItemsAccessed",
    description: "Access mail items: mailbox Inbox",
    admin: false,
  },
  {
    ...exchange,
    weight: 10,
    eventType: 2_359_302,
    eventTypeValue: "EVENT_O365_EXCHANGE_GENERIC",
    eventTypeName: "EVENT_CATEGORY_UNSPECIFIED",
    genericEventType: "ENUM_ACTIVITY_GENERIC_TYPE_BASIC",
    operation: "Set-Mailbox",
    description: 'Run command: task Set-Mailbox; Parameters: property Identity "a\\b", property Enabled True',
    admin: true,
  },
  {
    ...oneDrive,
    family: "audit",
    weight: 20,
    eventType: 233_580,
    eventTypeValue: "EVENT_O365_ONEDRIVE_GENERIC",
    eventTypeName: "EVENT_CATEGORY_UNSPECIFIED",
    genericEventType: "ENUM_ACTIVITY_GENERIC_TYPE_BASIC",
    operation: "FilePreviewed",
    description: "FilePreviewed",
    admin: false,
  },
  {
    ...oneDrive,
    family: "audit",
    weight: 5,
    eventType: 233_581,
    eventTypeValue: FILE_DOWNLOADED,
    eventTypeName: "EVENT_CATEGORY_DOWNLOAD_FILE",
    genericEventType: "ENUM_ACTIVITY_GENERIC_TYPE_DOWNLOAD",
    operation: "FileDownloaded",
    description: "Download file: file iban example.docx",
    admin: false,
  },
  {
    ...office,
    family: "login",
    weight: 15,
    eventType: 2_293_761,
    eventTypeValue: FAILED_LOGIN,
    eventTypeName: "EVENT_CATEGORY_FAILED_LOGIN",
    genericEventType: "ENUM_ACTIVITY_GENERIC_TYPE_FAILED_LOGIN",
    operation: "OAuth2:Authorize",
    description: "Failed log on (Failure message: General failure)",
    admin: false,
  },
  {
    ...office,
    family: "login",
    weight: 15,
    eventType: 2_293_760,
    eventTypeValue: LOGIN,
    eventTypeName: "EVENT_CATEGORY_LOGIN",
    genericEventType: "ENUM_ACTIVITY_GENERIC_TYPE_LOGIN",
    operation: "OAuth2:Token",
    description: "Log on",
    admin: false,
  },
  {
    service: 12_260,
    appName: "Microsoft Azure",
    sourceApp: 12_260,
    family: "azure",
    weight: 6,
    eventType: 1_048_593,
    eventTypeValue: "EVENT_AZURE_GENERIC",
    eventTypeName: "EVENT_CATEGORY_UPDATE",
    genericEventType: "ENUM_ACTIVITY_GENERIC_TYPE_UPDATE",
    operation: "Microsoft.Compute/virtualMachines/write",
    description: 'Update: write virtualMachines {"data":[',
    admin: true,
  },
  {
    service: 11_770,
    appName: "Okta {session} }]",
    sourceApp: 20_595,
    family: "proxy",
    weight: 4,
    eventType: 4_194_305,
    eventTypeValue: "EVENT_ADALLOM_SESSION_DOWNLOAD",
    eventTypeName: "EVENT_CATEGORY_DOWNLOAD_FILE",
    genericEventType: "ENUM_ACTIVITY_GENERIC_TYPE_DOWNLOAD",
    operation: "File download: 報告書 \u0001\t.docx",
    description: "Download file: file 報告書.docx",
    admin: false,
  },
];

const WEIGHTS = KINDS.reduce((sum, kind) => sum + kind.weight, 0);

/** The place in `KINDS` of the one whose `eventTypeValue` this is. */
export function kindOf(eventTypeValue: string): number {
  return KINDS.findIndex((kind) => kind.eventTypeValue === eventTypeValue);
}

/** The kind that a uniform draw in [0, 1) falls on. */
export function drawKind(draw: number): number {
  let left = draw * WEIGHTS;
  const found = KINDS.findIndex((kind) => {
    left -= kind.weight;
    return left < 0;
  });
  return found < 0 ? KINDS.length - 1 : found;
}
