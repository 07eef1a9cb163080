// Made of schemas/activity.avsc by deploy/generate/activity.ts: do not edit.

/** Version of the schema, as records name it in their header `schema-version`. */
export const SCHEMA_VERSION = "1";

/**
 * One activity of a Microsoft Defender for Cloud Apps tenant, under the API's own field names. A field that is absent,
 * null or of an unexpected type is null here; the activity as the API sent it is in `raw`. Only `_id` and the
 * connector's own fields are always there, so that no change of the API can stop the stream. Every time is in epoch ms.
 */
export interface Activity {
  /** The activity's identity; opaque, of several shapes. Unique within a scan. */
  readonly _id: string;
  /** The identity again; equal to `_id` in all samples. */
  readonly uid: string | null;
  /** Number of the Defender for Cloud Apps tenant. */
  readonly tenantId: number | null;
  /** Entra tenant (GUID). */
  readonly aadTenantId: string | null;
  /** App in which it happened, e.g. 20893 Exchange Online. */
  readonly appId: number | null;
  /** Name of the app. */
  readonly appName: string | null;
  /** Kind of app, as a code. */
  readonly appType: number | null;
  /** Service that the app belongs to. */
  readonly saasId: number | null;
  /** App connector that reported it, e.g. 11161 Office 365. */
  readonly srcAppId: number | null;
  /** When it happened: the API's sort field and filter `date`. Often whole seconds. */
  readonly timestamp: number | null;
  /** `timestamp` before corrections by the service. */
  readonly timestampRaw: number | null;
  /** When the service began to process it. */
  readonly instantiation: number | null;
  /** `instantiation` before corrections by the service. */
  readonly instantiationRaw: number | null;
  /**
   * When the service saved it: the API's sort field and filter `created`. Minutes, at times days, after `timestamp`.
   */
  readonly created: number | null;
  /** `created` before corrections by the service. */
  readonly createdRaw: number | null;
  /** Kind of event, as a code. */
  readonly eventType: number | null;
  /** Kind of event by the source app, e.g. EVENT_AAD_LOGIN_FAILED; an open list. */
  readonly eventTypeValue: string | null;
  /** Category of event, e.g. EVENT_CATEGORY_FAILED_LOGIN; an open list. */
  readonly eventTypeName: string | null;
  /** Kind of event across apps, e.g. ENUM_ACTIVITY_GENERIC_TYPE_FAILED_LOGIN; an open list. */
  readonly genericEventType: string | null;
  /** What happened, as text for people. */
  readonly description: string | null;
  /** Template of the description. */
  readonly description_id: string | null;
  /** What is filled into the template, by name, e.g. operation_name; an open list. */
  readonly description_metadata: { readonly [name: string]: string } | null;
  /** Severity, e.g. INFO; an open list. */
  readonly severity: string | null;
  /** How sure the service is of its reading of the event; 20 and 30 have been seen. */
  readonly confidenceLevel: number | null;
  /**
   * Stream that it came by: 0 access control, 1 session control, 2 app connector, 3 app connector analysis, 5
   * discovery, 6 Defender for Endpoint.
   */
  readonly source: number | null;
  /** Classes of the activity, e.g. access. */
  readonly classifications: readonly string[] | null;
  /** Ids of tags on the activity. */
  readonly tags: readonly string[] | null;
  /** The device that acted. */
  readonly device: Device | null;
  /** Where the IP address is, and whose it is. */
  readonly location: Location | null;
  /** The user that acted. */
  readonly user: User | null;
  /** The user of a failed login. */
  readonly failedUserData: FailedUserData | null;
  /** The user agent, taken apart. */
  readonly userAgent: UserAgent | null;
  /** Details of the service's own. */
  readonly internals: Internals | null;
  /** What was done, and to what. */
  readonly mainInfo: MainInfo | null;
  /** The entity that acted, as the service knows it. */
  readonly resolvedActor: ResolvedActor | null;
  /** The account that it acted with. */
  readonly resolvedActorAccount: ResolvedActor | null;
  /**
   * The entities behind the activity, in the order of their index. The API sends an object with numbers as keys, or a
   * list; empty places are left out here.
   */
  readonly entityData: readonly Entity[] | null;
  /** The session, of activities seen by access or session control. */
  readonly session: Session | null;
  /** The host asked, of activities seen by access or session control. */
  readonly host: Host | null;
  /** The HTTP request, of activities seen by access or session control. */
  readonly http: Http | null;
  /** The connection, of activities seen by access or session control. */
  readonly connection: Connection | null;
  /** Protocols used, by name, e.g. HTTP and SSL; of activities seen by access or session control. */
  readonly protocols: { readonly [name: string]: boolean } | null;
  /** Host name of the service; of activities seen by access or session control. */
  readonly serviceHostName: string | null;
  /** Login page of the target app; of activities seen by access or session control. */
  readonly targetAppLoginUrl: string | null;
  /** Policies matched, as JSON text. */
  readonly matchingRules: string | null;
  /** How the policies matched, as JSON text. */
  readonly matchingRuleDetails: string | null;
  /** Governance actions taken, as JSON text. */
  readonly performedActions: string | null;
  /** Names of the governance actions taken, as JSON text. */
  readonly performedActionNamesSet: string | null;
  /** Which parts of the service the event passed, by name, e.g. adminEvent; an open list that changes over time. */
  readonly eventRouting: { readonly [name: string]: boolean } | null;
  /** How the service's collector classified the event; internal to the service. */
  readonly lograbberService: LograbberService | null;
  /**
   * What each collector added, one member a source (o365, aadLogins, azure, …), as the exact JSON text that the API
   * sent.
   */
  readonly collected: string | null;
  /** The source app's own event, as the exact JSON text that the API sent. Free-form; keys may differ only by case. */
  readonly rawDataJson: string | null;
  /** The connector's scan that read the activity. */
  readonly scan: string;
  /** The connector's name of the tenant that it was read from. */
  readonly tenant: string;
  /** Kind of reader that read it: tail, lookback, recovery, backfill or verify; an open list. */
  readonly reader: string;
  /** When the connector received the response that it came in. */
  readonly readAt: number;
  /** The exact JSON text of the activity as the API sent it; null where the connector is configured to leave it out. */
  readonly raw: string | null;
}

interface Device {
  /** IP address of the client. */
  readonly clientIP: string | null;
  /** User agent as the source app reported it. */
  readonly userAgent: string | null;
  /** Country of the IP address (ISO 3166-1 alpha-2). */
  readonly countryCode: string | null;
  /** Identity of the machine, where it is managed. */
  readonly machineId: string | null;
  /** The client certificate shown. */
  readonly certificate: Certificate | null;
}

interface Certificate {
  /** Whether a valid client certificate identified the device. */
  readonly certifiedByClientCertificate: boolean | null;
}

interface Location {
  /** Country (ISO 3166-1 alpha-2). */
  readonly countryCode: string | null;
  /** Region or state of the IP address. */
  readonly region: string | null;
  /** Region or state, as a code. */
  readonly regionCode: string | null;
  /** City of the IP address. */
  readonly city: string | null;
  /** Postal code. */
  readonly postalCode: string | null;
  /** Degrees north. */
  readonly latitude: number | null;
  /** Degrees east. */
  readonly longitude: number | null;
  /** Internet provider or organisation. */
  readonly organizationSearchable: string | null;
  /** Carrier, as the API spells it: at times percent-encoded. */
  readonly carrier: string | null;
  /** Category of the IP address: 1 corporate, 2 administrative, 3 risky, 4 VPN, 5 cloud provider, 6 other. */
  readonly category: number | null;
  /** Name of the category; an open list. */
  readonly categoryValue: string | null;
  /** Whether it is an anonymous proxy. */
  readonly anonymousProxy: boolean | null;
  /** Whether the provider works by satellite. */
  readonly isSatelliteProvider: boolean | null;
  /** Ids of tags on the IP address. */
  readonly ipTags: readonly string[] | null;
}

interface User {
  /** Name of the user; absent from most failed logins, see `failedUserData`. */
  readonly userName: string | null;
  /** Ids of the user's groups and tags. */
  readonly userTags: readonly string[] | null;
}

interface FailedUserData {
  /** Name that was tried. */
  readonly userName: string | null;
}

interface UserAgent {
  /** Family, e.g. CHROME. */
  readonly family: string | null;
  /** Name, e.g. Chrome. */
  readonly name: string | null;
  /** Kind, e.g. Browser or Application. */
  readonly type: string | null;
  /** Name of the kind. */
  readonly typeName: string | null;
  /** Version, e.g. 10. */
  readonly version: string | null;
  /** Major version. */
  readonly major: string | null;
  /** Minor version. */
  readonly minor: string | null;
  /** DESKTOP, MOBILE, TABLET or OTHER; an open list. */
  readonly deviceType: string | null;
  /** Whether it is an app rather than a browser. */
  readonly nativeBrowser: boolean | null;
  /** Browser, e.g. CHROME. */
  readonly browser: string | null;
  /** Operating system, e.g. windows. */
  readonly os: string | null;
  /** The operating system, taken apart. */
  readonly operatingSystem: OperatingSystem | null;
  /** Ids of tags on the user agent. */
  readonly tags: readonly string[] | null;
}

interface OperatingSystem {
  /** Name, e.g. Windows 10. */
  readonly name: string | null;
  /** Family, e.g. Windows. */
  readonly family: string | null;
  /** Version, e.g. 10. */
  readonly version: string | null;
}

interface Internals {
  /** IP addresses met in the event. */
  readonly otherIPs: readonly string[] | null;
}

interface MainInfo {
  /** Kind of information, e.g. basic or failedLogin; an open list. */
  readonly type: string | null;
  /** Operation, as the source app names it. */
  readonly rawOperationName: string | null;
  /** Operation, as the portal shows it. */
  readonly prettyOperationName: string | null;
  /** How it ended. */
  readonly activityResult: ActivityResult | null;
  /** Everything that took part: files, users, accounts, parameters. */
  readonly eventObjects: readonly EventObject[] | null;
}

interface ActivityResult {
  /** Whether it succeeded. */
  readonly isSuccess: boolean | null;
  /** Why it failed. */
  readonly message: string | null;
}

interface EventObject {
  /** What it is, as a code. */
  readonly objType: number | null;
  /** Its part in the activity, as a code. */
  readonly role: number | null;
  /** Its identity in the source app. */
  readonly id: string | null;
  /** Name of it, as shown. */
  readonly name: string | null;
  /** Its value, where it is a parameter. */
  readonly value: string | null;
  /** Service that it belongs to. */
  readonly saasId: number | null;
  /** Instance of the service. */
  readonly instanceId: number | null;
  /** Number that ties objects of one entity together; signed. */
  readonly link: number | null;
  /** Whether the service knows the entity. */
  readonly resolved: boolean | null;
  /** Whether governance actions can be taken on it. */
  readonly governable: boolean | null;
  /** What the source app calls it, e.g. OneDrive Site Collection. */
  readonly serviceObjectType: string | null;
  /** Ids of tags on it. */
  readonly tags: readonly string[] | null;
}

interface ResolvedActor {
  /** Its identity in the source app. */
  readonly id: string | null;
  /** Name of it, as shown. */
  readonly name: string | null;
  /** Service that it belongs to. */
  readonly saasId: number | null;
  /** Instance of the service. */
  readonly instanceId: number | null;
  /** What it is, as a code. */
  readonly objType: number | null;
  /** Its part in the activity, as a code. */
  readonly role: number | null;
  /** Whether the service knows the entity. */
  readonly resolved: boolean | null;
  /** Whether governance actions can be taken on it. */
  readonly governable: boolean | null;
  /** Ids of its groups and tags. */
  readonly tags: readonly string[] | null;
}

interface Entity {
  /** Its key in the API's object, or its place in the list, from 0. */
  readonly index: number | null;
  /** Name of it, as shown. */
  readonly displayName: string | null;
  /** Its identity. */
  readonly id: EntityId | null;
  /** Whether the service knows the entity. */
  readonly resolved: boolean | null;
}

interface EntityId {
  /** Identity in the service. */
  readonly id: string | null;
  /** Service that it belongs to. */
  readonly saas: number | null;
  /** Instance of the service. */
  readonly inst: number | null;
}

interface Session {
  /** Identity of the session. */
  readonly sessionId: string | null;
}

interface Host {
  /** Name of the host. */
  readonly name: string | null;
}

interface Http {
  /** Method, e.g. GET. */
  readonly httpMethod: string | null;
  /** Path asked for. */
  readonly httpPath: string | null;
  /** Page that it came from. */
  readonly httpReferer: string | null;
  /** Identity of the request. */
  readonly requestId: string | null;
}

interface Connection {
  /** IP address connected to. */
  readonly targetIp: string | null;
  /** Port connected to. */
  readonly targetPort: number | null;
}

interface LograbberService {
  /** Internal flag. */
  readonly gediEvent: boolean | null;
  /** Whether the Office 365 collector took it. */
  readonly o365EventGrabber: boolean | null;
  /** Internal flag. */
  readonly scubaUnpacker: boolean | null;
  /** Internal reason, by category. */
  readonly categoryReasonForNotGedi: string | null;
  /** Internal reason, by value. */
  readonly valueReasonForNotGedi: string | null;
}
