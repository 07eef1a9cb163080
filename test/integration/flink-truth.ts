import type { Alert } from "../real/alert-reader.ts";

/** An activity as the API shows it, as far as the jobs of deploy/flink look at it. */
export interface Document {
  readonly _id: string;
  readonly timestamp: number;
  readonly appName?: string;
  readonly eventTypeName?: string;
  readonly user?: { readonly userName?: unknown } | null;
  readonly failedUserData?: { readonly userName?: unknown };
  readonly resolvedActor?: { readonly id?: string };
  readonly resolvedActorAccount?: { readonly id?: string };
  readonly device?: { readonly clientIP?: string; readonly countryCode?: string };
  readonly location?: {
    readonly countryCode?: string;
    readonly city?: string;
    readonly latitude?: number;
    readonly longitude?: number;
  };
  readonly mainInfo?: { readonly activityResult?: { readonly isSuccess?: boolean } };
}

const MINUTE_MS = 60_000;
const LOGIN = "EVENT_CATEGORY_LOGIN";
const FAILED_LOGIN = "EVENT_CATEGORY_FAILED_LOGIN";
const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
const lower = (value: unknown): string | null => text(value)?.toLowerCase() ?? null;

/** Some activities have an object in the name's place: `{ failedUserData: { userName } }`. */
function nameOf({ user }: Document): string | null {
  const name = user?.userName as { failedUserData?: { userName?: unknown } } | string | undefined;
  return typeof name === "object" ? lower(name.failedUserData?.userName) : lower(name);
}

/** What the jobs should find, by loops over all activities: no windows, no streams, no watermarks. */
export class FlinkTruth {
  readonly #tenant: string;
  readonly #seen;

  constructor(tenant: string, documents: readonly Document[]) {
    this.#tenant = tenant;
    this.#seen = documents
      .map((document) => ({
        id: document._id,
        at: document.timestamp,
        app: document.appName ?? "",
        category: document.eventTypeName ?? null,
        userName:
          nameOf(document) ?? lower(document.failedUserData?.userName) ?? lower(document.resolvedActorAccount?.id),
        actor: text(document.resolvedActor?.id) ?? nameOf(document) ?? lower(document.failedUserData?.userName),
        ip: document.device?.clientIP ?? null,
        country: document.location?.countryCode ?? document.device?.countryCode ?? null,
        city: document.location?.city ?? null,
        latitude: document.location?.latitude ?? null,
        longitude: document.location?.longitude ?? null,
        succeeded: document.mainInfo?.activityResult?.isSuccess,
      }))
      .sort((a, b) => a.at - b.at);
  }

  counts(): Alert[] {
    const counts = new Map<string, { tenant: string; minute: number; app: string; activities: number }>();
    for (const { at, app } of this.#seen) {
      const minute = Math.floor(at / MINUTE_MS) * MINUTE_MS;
      const key = `${minute} ${app}`;
      const count = counts.get(key) ?? { tenant: this.#tenant, minute, app, activities: 0 };
      count.activities++;
      counts.set(key, count);
    }
    return [...counts.values()];
  }

  firstSeenCountries(): Alert[] {
    const first = new Map<string, Alert>();
    for (const { id, at, category, actor, country, userName, city, ip } of this.#seen) {
      if (actor === null || country === null || category === FAILED_LOGIN) continue;
      const key = `${actor} ${country}`;
      if (first.has(key)) continue;
      const found = {
        tenant: this.#tenant,
        actor,
        country,
        user_name: userName,
        first_at: at,
        activity_id: id,
        city,
        ip,
      };
      first.set(key, found);
    }
    return [...first.values()];
  }

  /** Without the activity by which the number was reached: of several of one instant it may be any. */
  massDownloads(most: number, minutes: number): Alert[] {
    const downloads = this.#seen.filter(({ category }) => category === "EVENT_CATEGORY_DOWNLOAD_FILE");
    return [...grouped(downloads, ({ actor }) => actor)].flatMap(([actor, all]) => {
      const begins = all.map(({ at }, index) => {
        const first = all[index - most]?.at;
        return first !== undefined && first >= at - minutes * MINUTE_MS ? first : null;
      });
      return begins.flatMap((first, index) => {
        if (first === null || (begins[index - 1] ?? null) !== null) return [];
        return [{ tenant: this.#tenant, actor, downloads: most + 1, first_at: first, reached_at: all[index]!.at }];
      });
    });
  }

  impossibleTravels(kmLeast: number, kmhLeast: number): Alert[] {
    const logins = this.#seen.filter(({ category, succeeded }) => category === LOGIN && succeeded !== false);
    return [...grouped(logins, ({ userName }) => userName)].flatMap(([userName, all]) =>
      all.slice(1).flatMap((there, before) => {
        const here = all[before]!;
        const km = distanceKm(here, there);
        const seconds = Math.max(1, Math.floor((there.at - here.at) / 1_000));
        const kmh = km / (seconds / 3_600);
        if (km <= kmLeast || kmh <= kmhLeast) return [];
        const from = { from_id: here.id, from_at: here.at, from_country: here.country, from_city: here.city };
        const to = { to_id: there.id, to_at: there.at, to_country: there.country, to_city: there.city };
        return [{ tenant: this.#tenant, user_name: userName, ...from, ...to, km, kmh }];
      }),
    );
  }

  loginsAfterFailures(least: number, minutes: number): Alert[] {
    const attempts = this.#seen.filter(({ category }) => category === LOGIN || category === FAILED_LOGIN);
    const hasFailed = (one: (typeof attempts)[number]) => one.category === FAILED_LOGIN || one.succeeded === false;
    return attempts.flatMap((login) => {
      if (hasFailed(login)) return [];
      const { ip, at, country, userName, id } = login;
      const before = attempts.filter((one) => one.ip === ip && one.at <= at && one.at >= at - minutes * MINUTE_MS);
      const failed = before.filter(hasFailed);
      if (failed.length < least || failed.length < 5 * (before.length - failed.length)) return [];
      const tried = new Set(failed.map((one) => one.userName)).size;
      const what = { failed: failed.length, users_tried: tried, login_at: at, activity_id: id };
      return [{ tenant: this.#tenant, ip, country, user_name: userName, ...what }];
    });
  }
}

function grouped<T, K>(all: readonly T[], keyOf: (one: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const one of all) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return groups;
}

interface Point {
  readonly latitude: number | null;
  readonly longitude: number | null;
}

/** By the angle between two vectors: another formula than the statement's. */
function distanceKm(here: Point, there: Point): number {
  const [a, b] = [here, there].map(({ latitude, longitude }) => {
    const [north, east] = [((latitude ?? 0) * Math.PI) / 180, ((longitude ?? 0) * Math.PI) / 180];
    return [Math.cos(north) * Math.cos(east), Math.cos(north) * Math.sin(east), Math.sin(north)] as const;
  });
  const dot = a!.reduce((sum, each, axis) => sum + each * b![axis]!, 0);
  return 6_371 * Math.acos(Math.min(1, dot));
}
