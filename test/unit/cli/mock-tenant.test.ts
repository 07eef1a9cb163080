import { expect, test } from "vitest";
import yargs from "yargs";
import { mockTenantCommand } from "../../../src/cli/mock-tenant.ts";

/** What a command line that must not start anything is refused with. */
async function refusal(...args: string[]): Promise<unknown> {
  const command = mockTenantCommand({ signal: AbortSignal.abort(new Error("it started")), done: () => undefined });
  try {
    await yargs(["mock-tenant", ...args])
      .command(command)
      .strict()
      .exitProcess(false)
      .fail((message, error) => {
        throw error ?? new Error(message);
      })
      .parseAsync();
  } catch (error) {
    return error;
  }
  return null;
}

test("every wrong flag is named at once, with what was found and what is allowed", async () => {
  const error = await refusal("--latency", "5", "--tie-share=2", "--fault-500=1.5", "--backlog-span", "soon");
  expect(error).toMatchObject({ code: "config_invalid", disposition: "fatal" });
  const { message } = error as Error;
  expect(message).toMatch(/--latency: found "5"; allowed is .*90s/);
  expect(message).toMatch(/--tie-share: found 2; allowed is a number from 0 to 1/);
  expect(message).toMatch(/--backlog-span: found "soon"/);
  expect(message).toMatch(/--fault-500: found 1.5/);
});

test("unknown flags and choices are refused", async () => {
  expect(String(await refusal("--nope"))).toMatch(/nope/);
  expect(String(await refusal("--next-filters", "guess"))).toMatch(/echo/);
  expect(String(await refusal("--story", "password-spray", "--story", "ransom"))).toMatch(/exfiltration/);
  const twice = await refusal("--story", "exfiltration", "--story", "exfiltration", "--story-span", "11m");
  expect(String(twice)).toMatch(/--story: found .*; allowed is .*each at most once/);
  expect(String(twice)).toMatch(/--story-span: found 660000; allowed is a number from 0 to 600000 ms/);
});
