import { expect, test } from "vitest";
import type { Config } from "../../../src/config/config.ts";
import { InForce } from "../../../src/connector/in-force.ts";
import { simConfig } from "../../fakes/sim-connector.ts";

const SHARDS: Readonly<Record<string, number>> = { contoso: 1, fabrikam: 2, tailspin: 2 };

/** A scan each, named like its tenant. */
function configOf(...names: string[]): Config {
  const config = simConfig();
  const [tenant, scan] = [config.tenants[0]!, config.scans[0]!];
  return {
    ...config,
    tenants: names.map((name) => ({ ...tenant, name })),
    scans: names.map((name) => ({ ...scan, name, tenant: name })),
  };
}

const opened = (...names: string[]) => new InForce(configOf(...names), (tenant) => SHARDS[tenant] ?? 0);
const nothing = async () => undefined;

test("names, shards in use and the share of ids follow a change; who is not touched keeps its plan", async () => {
  const inForce = opened("contoso", "fabrikam");
  const { scanNames, shards } = inForce;
  const [kept] = inForce.plansOf(1);
  const half = inForce.idsBytesPerScan;
  await inForce.replace(configOf("contoso", "tailspin", "other"), new Set(["fabrikam", "tailspin", "other"]), nothing);
  expect([...scanNames]).toEqual(["contoso", "tailspin", "other"]);
  expect([...shards].sort()).toEqual([0, 1, 2]);
  expect(inForce.plansOf(1)).toEqual([kept]);
  expect(kept?.retired.aborted).toBe(false);
  expect(inForce.plansOf(2).map(({ tenant }) => tenant.name)).toEqual(["tailspin"]);
  expect(inForce.idsBytesPerScan).toBe(Math.floor((half * 2) / 3));
});

test("nothing of the new configuration is there before all that is done by the old one has ended", async () => {
  const inForce = opened("contoso", "fabrikam");
  const [plan] = inForce.plansOf(1);
  const told: string[] = [];
  let end = (): void => undefined;
  plan!.carries(
    new Promise<void>((resolve) => {
      end = resolve;
    }),
  );
  void inForce.changed.then(() => told.push("changed"));
  const replaced = inForce.replace(configOf("contoso"), new Set(["contoso", "fabrikam"]), async () => {
    told.push(`between, ${inForce.plansOf(1).length} plans`);
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(plan!.retired.aborted).toBe(true);
  expect(told).toEqual([]);
  end();
  await replaced;
  expect(told).toEqual(["between, 0 plans", "changed"]);
  expect(inForce.plansOf(1)).not.toContain(plan);
  expect(inForce.plansOf(2)).toEqual([]);
});
