/** What detectors look at; `user` is null where an activity names none. */
export interface Seen {
  readonly id: string;
  readonly timestamp: number;
  readonly category: string;
  readonly user: string | null;
  readonly ip: string;
  readonly country: string;
  readonly latitude: number;
  readonly longitude: number;
}

const TEN_MINUTES_MS = 600_000;
const EARTH_KM = 6_371;

/** Users with at least `least` downloads in some ten minutes, and the ids of those. */
export function massDownloads(seen: readonly Seen[], least: number): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const [user, downloads] of grouped(seen, "EVENT_CATEGORY_DOWNLOAD_FILE", (one) => one.user)) {
    for (const window of windows(downloads)) {
      if (window.length < least) continue;
      found.set(user, new Set([...(found.get(user) ?? []), ...window.map(({ id }) => id)]));
    }
  }
  return found;
}

/** Pairs of one user's successive successful logins between which nobody travels: over 100 km, faster than 900 km/h. */
export function impossibleTravels(seen: readonly Seen[]): { user: string; ids: string[] }[] {
  return [...grouped(seen, "EVENT_CATEGORY_LOGIN", (one) => one.user)].flatMap(([user, logins]) =>
    logins.slice(1).flatMap((there, before) => {
      const here = logins[before] as Seen;
      const km = distanceKm(here, there);
      const hours = (there.timestamp - here.timestamp) / 3_600_000;
      return km > 100 && km > 900 * hours ? [{ user, ids: [here.id, there.id] }] : [];
    }),
  );
}

/** Addresses from which logins of at least `least` users failed in ten minutes, with the success that came then. */
export function passwordSprays(seen: readonly Seen[], least: number): { ip: string; users: Set<string>; id: string }[] {
  const failed = grouped(seen, "EVENT_CATEGORY_FAILED_LOGIN", (one) => one.ip);
  return [...grouped(seen, "EVENT_CATEGORY_LOGIN", (one) => one.ip)].flatMap(([ip, logins]) =>
    logins.flatMap(({ id, timestamp }) => {
      const before = (failed.get(ip) ?? []).filter(
        (one) => one.timestamp <= timestamp && one.timestamp >= timestamp - TEN_MINUTES_MS,
      );
      const users = new Set(before.map((one) => one.user ?? ""));
      return users.size >= least ? [{ ip, users, id }] : [];
    }),
  );
}

/** Users who were in more than one country, failed logins (which are somebody else's) aside. */
export function inSeveralCountries(seen: readonly Seen[]): string[] {
  const countries = new Map<string, Set<string>>();
  for (const { user, country, category } of seen) {
    if (user === null || category === "EVENT_CATEGORY_FAILED_LOGIN") continue;
    countries.set(user, (countries.get(user) ?? new Set()).add(country));
  }
  return [...countries].filter(([, set]) => set.size > 1).map(([user]) => user);
}

/** Those of one category by what `keyOf` names, each by ascending timestamp. */
function grouped(seen: readonly Seen[], category: string, keyOf: (one: Seen) => string | null): Map<string, Seen[]> {
  const groups = new Map<string, Seen[]>();
  for (const one of seen) {
    const key = keyOf(one);
    if (one.category !== category || key === null) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  for (const group of groups.values()) group.sort((a, b) => a.timestamp - b.timestamp);
  return groups;
}

/** The fullest stretch of ten minutes that ends at each activity. */
function* windows(ordered: readonly Seen[]): Generator<readonly Seen[], void, void> {
  let from = 0;
  for (let to = 0; to < ordered.length; to++) {
    const last = ordered[to] as Seen;
    while ((ordered[from] as Seen).timestamp < last.timestamp - TEN_MINUTES_MS) from++;
    yield ordered.slice(from, to + 1);
  }
}

function distanceKm(here: Seen, there: Seen): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const half = (a: number, b: number) => Math.sin(radians(b - a) / 2) ** 2;
  const flat = Math.cos(radians(here.latitude)) * Math.cos(radians(there.latitude));
  const chord = half(here.latitude, there.latitude) + flat * half(here.longitude, there.longitude);
  return 2 * EARTH_KM * Math.asin(Math.sqrt(chord));
}
