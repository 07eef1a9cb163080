/** Who acts in the mock tenant's activities. */
export interface Person {
  readonly userName: string;
  readonly displayName: string;
  readonly objectId: string;
  readonly domain: string;
  readonly tag: string;
}

/** Where they act from. */
export interface Place {
  readonly ip: string;
  readonly countryCode: string;
  readonly city: string;
  readonly region: string;
  readonly regionCode: string;
  readonly postalCode: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly organization: string;
  /** As the API gives it: percent-encoded in places. */
  readonly carrier: string;
  /** 1 Corporate, 2 Administrative, 3 Risky, 4 VPN, 5 Cloud provider, 6 Other; 0 unknown. */
  readonly category: number;
  readonly categoryValue: string | null;
  readonly tags: readonly string[];
}

const GIVEN = ["Ada", "Zoë", "李明", "Бо́рис", "Aña", "Ḥasan", "Mei-Ling", "O'Brien", "Björn", "नीला", "Grace", "Søren"];
const FAMILY = ["Müller", 'van "der" Berg', "Back\\slash", "Łukasz", "Smith", "😀 Emoji", "Ωmega", "D'Angelo", "Núñez"];

function person(index: number): Person {
  const displayName = `${GIVEN[index % GIVEN.length]} ${FAMILY[index % FAMILY.length]}`;
  const domain = index % 7 === 6 ? "partner.example" : "contoso.example";
  const digits = index.toString(16).padStart(12, "0");
  return {
    userName: index % 11 === 10 ? `svc_é${index}@${domain}` : `user${index}@${domain}`,
    displayName,
    objectId: `3fa9f28b-eb0e-463a-ba7b-${digits}`,
    domain,
    tag: `5f01dbbc68df${digits}`,
  };
}

/** Those who make the everyday traffic; numbered, so that a filter on one finds about a hundredth. */
export const EVERYDAY_PEOPLE = 100;

/** They act in stories alone: whoever looks for stories finds nothing of their everyday life beside it. */
export const CAST = { traveller: EVERYDAY_PEOPLE, sprayed: EVERYDAY_PEOPLE + 1 } as const;

export const PEOPLE: readonly Person[] = Array.from({ length: EVERYDAY_PEOPLE + 2 }, (_, index) => person(index));

const CITIES: readonly (readonly [string, string, string, string, number, number])[] = [
  ["IL", "Tel Aviv", "Tel Aviv", "TA", 32.0679, 34.7604],
  ["NL", "Amsterdam", "Noord-Holland", "NH", 52.30905, 4.94019],
  ["DE", "München", "Bayern", "BY", 48.1374, 11.5755],
  ["US", "Boydton", "Virginia", "VA", 36.6534, -78.375],
  ["JP", "東京", "東京都", "13", 35.6895, 139.6917],
  ["BR", "São Paulo", "São Paulo", "SP", -23.5475, -46.6361],
  ["IN", "मुंबई", "Maharashtra", "MH", 19.0728, 72.8826],
  ["FR", "Saint-Étienne", "Auvergne-Rhône-Alpes", "ARA", 45.4339, 4.39],
];

const NETWORKS: readonly (readonly [string, string, number, string | null])[] = [
  ['Contoso "HQ"', "contoso", 1, "CORPORATE"],
  ["amazon.com, inc", "amazon.com%2C inc", 5, "CLOUD_PROVIDER"],
  ["eunetworks", "eunetworks gmbh", 0, "NONE"],
  ["Cellcom Group", "cellcom", 0, null],
  ["Tor/Proxy", "tor%2Fexit", 3, "RISKY"],
];

/** In the city by this number of `CITIES`. */
function place(index: number, cityIndex: number): Place {
  const [countryCode, city, region, regionCode, latitude, longitude] = CITIES[cityIndex] as (typeof CITIES)[number];
  const network = (index + Math.floor(index / EVERYDAY_PEOPLE)) % NETWORKS.length;
  const [organization, carrier, category, categoryValue] = NETWORKS[network] as (typeof NETWORKS)[number];
  return {
    ip: index % 9 === 8 ? `2001:db8::${index.toString(16)}` : `203.0.113.${index}`,
    countryCode,
    city,
    region,
    regionCode,
    postalCode: `${1100 + index}`,
    latitude,
    longitude,
    organization,
    carrier,
    category,
    categoryValue,
    tags: category === 0 ? [] : [`00000${category}000000000000000000`],
  };
}

const EVERYDAY_PLACES = 2 * EVERYDAY_PEOPLE;

/** Where stories play: one login in Amsterdam and the next in 東京; the sprayer in São Paulo. */
export const SCENES = { home: EVERYDAY_PLACES, abroad: EVERYDAY_PLACES + 1, sprayer: EVERYDAY_PLACES + 2 } as const;

/** No two people share an address, and nobody leaves their city: ordinary life looks like no story. */
export const PLACES: readonly Place[] = [
  ...Array.from({ length: EVERYDAY_PLACES }, (_, index) => place(index, (index % EVERYDAY_PEOPLE) % CITIES.length)),
  place(SCENES.home, 1),
  place(SCENES.abroad, 4),
  place(SCENES.sprayer, 5),
];

/** One of the two places of an everyday person, by a whole number drawn. */
export function placeOf(person: number, draw: number): number {
  return person + EVERYDAY_PEOPLE * (draw % 2);
}
