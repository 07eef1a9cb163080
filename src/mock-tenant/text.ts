import { type Archive, at } from "./archive.ts";
import { FILE_DOWNLOADED, KINDS, kindOf, LOGIN } from "./kinds.ts";
import { activityModel, type SlotName } from "./models.ts";
import { fraction, guid, noise } from "./noise.ts";
import { PEOPLE, type Person, PLACES, type Place } from "./people.ts";
import { compileTemplate, escaped } from "./slots.ts";

const SALT = {
  a: 40,
  b: 45,
  c: 50,
  link: 60,
  number: 61,
  big: 62,
  user: 63,
  entity: 64,
  instant: 65,
  large: 66,
  file: 67,
};

const TEMPLATES = KINDS.map((kind) => compileTemplate<SlotName>(activityModel(kind)));
/** `/` may be escaped in JSON, and any character may be written as `\u`; both are kept in these texts. */
const FILE_NAMES = [
  "iban example.docx",
  "報告書 😀.xlsx",
  escaped('quote " back \\ .txt'),
  "a\\/b\\u00e9c.pdf",
  "}],.csv",
];

/** What is the same for all activities of a person. */
interface PersonTexts {
  readonly userName: string;
  readonly displayName: string;
  readonly objectId: string;
  readonly userTag: string;
  /** `userName` as a text, absent, or an object: all have been met. */
  readonly user: readonly [text: string, absent: string, object: string];
  /** An object with the indexes as keys and a null among its members, or a list. */
  readonly entityData: readonly [object: string, list: string];
}

function personTexts(person: Person): PersonTexts {
  const userTags = [person.tag];
  const entity = (id: string) => ({
    displayName: person.displayName,
    id: { id, saas: 11_161, inst: 0 },
    resolved: true,
  });
  const account = entity(person.userName);
  return {
    userName: escaped(person.userName),
    displayName: escaped(person.displayName),
    objectId: person.objectId,
    userTag: person.tag,
    user: [
      JSON.stringify({ userName: person.userName, userTags }),
      JSON.stringify({ userTags }),
      JSON.stringify({ userName: { failedUserData: { userName: person.userName } }, userTags }),
    ],
    entityData: [JSON.stringify({ "0": account, "1": null, "2": entity(person.objectId) }), JSON.stringify([account])],
  };
}

/** What is the same for all activities from a place. */
interface PlaceTexts {
  readonly ip: string;
  readonly countryCode: string;
  readonly location: string;
}

function placeTexts(place: Place): PlaceTexts {
  const { ip, countryCode, organization, tags, ...rest } = place;
  const location = {
    countryCode,
    ...rest,
    organizationSearchable: organization,
    anonymousProxy: place.category === 3,
    isSatelliteProvider: false,
    ...(tags.length > 0 ? { ipTags: tags } : {}),
  };
  return { ip, countryCode, location: JSON.stringify(location) };
}

const PERSON_TEXTS = PEOPLE.map(personTexts);
const PLACE_TEXTS = PLACES.map(placeTexts);

/** Who got in, or away with a file, is known by name. */
const NAMED: ReadonlySet<number> = new Set([kindOf(LOGIN), kindOf(FILE_DOWNLOADED)]);

function userText(kind: number, form: number, { user }: PersonTexts): string {
  if (NAMED.has(kind)) return user[0];
  return form < 0.6 ? user[0] : form < 0.85 ? user[1] : user[2];
}

/** Besides its two full forms, empty in both, or null. */
function entityText(form: number, { entityData }: PersonTexts): string {
  if (form < 0.85) return form < 0.55 ? entityData[0] : entityData[1];
  return form < 0.9 ? "[]" : form < 0.95 ? "{}" : "null";
}

/** Integers around the signed and unsigned limits of 32, 53 and 64 bits, and far beyond. */
function bigInteger(index: number, draw: number): string {
  const forms = ["2147483648", "9007199254740993", "-9223372036854775808", "18446744073709551615"];
  const form = forms[draw % forms.length] ?? "0";
  return index % 2 === 0 ? form : `${900_719_925 + index}0719925474099${draw % 10}`;
}

/** Which activities are padded, and how far; or whether all hold next to nothing. */
export interface LargeShare {
  readonly largeShare: number;
  readonly largeBytes: number;
  readonly slim: boolean;
}

const PADDING = "long text é ";

function padding(seed: number, index: number, { largeShare, largeBytes }: LargeShare): string {
  if (largeShare === 0 || fraction(seed, index, SALT.large) >= largeShare) return "";
  return PADDING.repeat(Math.ceil(largeBytes / Buffer.byteLength(PADDING)));
}

/**
 * The exact JSON text of an activity: a function of the archive's seed, the index, its times, whether it was altered,
 * and `large` alone.
 */
export function activityText(archive: Archive, index: number, large: LargeShare): string {
  const text = large.slim ? slimText(archive, index) : fullText(archive, index, large);
  return archive.altered.has(index) ? `{"altered":true,${text.slice(1)}` : text;
}

function slimText(archive: Archive, index: number): string {
  const created = at(archive.created, index);
  const timestamp = at(archive.timestamp, index);
  const { service: appId, eventTypeValue } = KINDS[at(archive.kind, index)] ?? {};
  return JSON.stringify({ _id: archive.idOf(index), created, timestamp, appId, eventTypeValue });
}

function fullText(archive: Archive, index: number, large: LargeShare): string {
  const template = TEMPLATES[at(archive.kind, index)];
  const person = PERSON_TEXTS[at(archive.person, index)];
  const place = PLACE_TEXTS[at(archive.place, index)];
  if (template === undefined || person === undefined || place === undefined) throw new Error("no such activity");
  const values = slotValues(archive, index, person, place);
  values.padding = padding(archive.seed, index, large);
  const { pieces, slots } = template;
  let text = pieces[0] as string;
  for (let part = 0; part < slots.length; part++) {
    text += values[slots[part] as SlotName];
    text += pieces[part + 1];
  }
  return text;
}

function slotValues(archive: Archive, index: number, person: PersonTexts, place: PlaceTexts): Record<SlotName, string> {
  const { seed } = archive;
  const created = at(archive.created, index);
  const timestamp = at(archive.timestamp, index);
  return {
    id: archive.idOf(index),
    created: String(created),
    timestamp: String(timestamp),
    instantiation: String(Math.max(timestamp, created - 200 - (noise(seed, index, SALT.instant) % 44_000))),
    isoTime: isoText(timestamp),
    isoCreated: isoText(created),
    guidA: guid(seed, index, SALT.a),
    guidB: guid(seed, index, SALT.b),
    guidC: guid(seed, index, SALT.c),
    userName: person.userName,
    displayName: person.displayName,
    objectId: person.objectId,
    userTag: person.userTag,
    ip: place.ip,
    countryCode: place.countryCode,
    location: place.location,
    user: userText(at(archive.kind, index), fraction(seed, index, SALT.user), person),
    entityData: entityText(fraction(seed, index, SALT.entity), person),
    link: String(noise(seed, index, SALT.link) | 0),
    number: String(noise(seed, index, SALT.number)),
    bigInteger: bigInteger(index, noise(seed, index, SALT.big)),
    fileName: FILE_NAMES[noise(seed, index, SALT.file) % FILE_NAMES.length] as string,
    padding: "",
  };
}

/** With seven decimals, as source applications write them. */
function isoText(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, -1)}0000Z`;
}
