import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes } from "yargs";
import { systemClock } from "../kit/clock.ts";
import { describeError } from "../kit/errors.ts";
import { hideSecrets } from "../kit/secret.ts";
import { Budget } from "../tenant/budget.ts";
import type { CommandContext } from "./cli.ts";
import { REQUESTS_MAX, runCourse } from "./probe-course.ts";
import { judgeCourse } from "./probe-findings.ts";
import { HeadersSeen } from "./probe-headers.ts";
import { profileOf, writeProfile } from "./probe-profile.ts";
import { reportLines } from "./probe-report.ts";
import { readTenant, tenantOptions } from "./scan-tenant.ts";
import { connectTenant } from "./wiring.ts";

const options = {
  ...tenantOptions,
  profile: { type: "string", describe: "file to write: a profile that `mock-tenant --profile` plays" },
  output: { choices: ["table", "json"] as const, default: "table" as const, describe: "how to print it" },
} as const;

type Flags = InferredOptionTypes<typeof options>;

/** `probe`: what a tenant's API really does, without anything that identifies the tenant. */
export function probeCommand({ signal, done }: CommandContext): CommandModule<object, Flags> {
  return {
    command: "probe",
    describe: `what a tenant's API really does, in at most ${REQUESTS_MAX} requests; the report can be shared`,
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 probe -c mdca.yaml --tenant contoso", "for people")
        .example("$0 probe -c mdca.yaml --output json > probe.json", "to share: it names nobody and nothing")
        .example("$0 probe -c mdca.yaml --profile contoso.json", "and then: $0 mock-tenant --profile contoso.json")
        .epilogue("Exits 1 when not all could be asked; what was seen until then is reported."),
    handler: async (args: ArgumentsCamelCase<Flags>) => done(await probe(args, signal)),
  };
}

async function probe(args: ArgumentsCamelCase<Flags>, signal: AbortSignal): Promise<number> {
  const { config, tenant, label, warnings } = readTenant(args, process.env);
  const headers = new HeadersSeen();
  await using client = connectTenant(config, tenant, {
    onHeaders: (status, seen) => headers.note(status, seen),
  });
  const note = (text: string) => process.stderr.write(hideSecrets(`${text}\n`));
  for (const warning of warnings) note(`warning: ${warning}`);
  const clock = systemClock;
  const course = await runCourse(
    {
      tenant: label,
      client,
      budget: new Budget({ requests: tenant.requestsPerMinute }, clock.monotonicMs()),
      clock,
      random: Math.random,
      onWait: (reason, waitMs) => note(`waiting ${Math.ceil(waitMs / 1_000)} s: ${reason}`),
    },
    signal,
  );
  const findings = judgeCourse(course, headers);
  const profile = profileOf(findings);
  if (args.profile !== undefined) writeProfile(args.profile, profile);
  const report =
    args.output === "json" ? JSON.stringify({ findings, profile }, null, 2) : reportLines(findings).join("\n");
  process.stdout.write(`${report}\n`);
  if (course.failure !== null) note(`ended early: ${course.failure.code}: ${describeError(course.failure)}`);
  return course.complete ? 0 : 1;
}
