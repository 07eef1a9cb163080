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

/** A hundred of them; numbered, so that a filter on one finds about a hundredth. */
export const PEOPLE: readonly Person[] = Array.from({ length: 100 }, (_, index) => person(index));

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

function place(index: number): Place {
  const [countryCode, city, region, regionCode, latitude, longitude] = CITIES[index % CITIES.length] ?? [
    "US",
    "Boydton",
    "Virginia",
    "VA",
    36.6534,
    -78.375,
  ];
  const [organization, carrier, category, categoryValue] = NETWORKS[index % NETWORKS.length] ?? ["", "", 0, null];
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

export const PLACES: readonly Place[] = Array.from({ length: 80 }, (_, index) => place(index));
