/**
 * Mock tenants on one machine, for the bench: starts as many as asked for and prints their URLs as one line of JSON;
 * lives until it is stopped. Built code.
 */
import { dist } from "./built-scan.ts";

const { startMockTenant } = await dist<typeof import("../../src/mock-tenant/start.ts")>("mock-tenant/start");

const [count, aMinute] = process.argv.slice(2).map(Number) as [number, number];
const urls: string[] = [];
for (let seed = 1; seed <= count; seed++) {
  const tenant = await startMockTenant({ port: 0, seed, backlog: 0, rate: aMinute / 60 });
  urls.push(tenant.url);
}
console.log(JSON.stringify(urls));
