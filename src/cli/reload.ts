import type { Config } from "../config/config.ts";
import type { ConfigWatch } from "../config/watch.ts";
import type { Reconfigure } from "../connector/connector.ts";
import type { Clock } from "../kit/clock.ts";
import type { Emit } from "../observe/events.ts";

export interface ReloadDeps {
  /** Has what is shown follow; told when nothing of the old configuration runs any more, and nothing of the new yet. */
  configure(config: Config): Promise<void>;
  warn(message: string): void;
  readonly emit: Emit;
  readonly clock: Clock;
}

/** Has the connector, and what is shown of it, follow the configuration that a watch finds. */
export class Reload {
  readonly #watch: ConfigWatch;
  readonly #deps: ReloadDeps;
  #inForce: Config;

  constructor(watch: ConfigWatch, deps: ReloadDeps, config: Config) {
    this.#watch = watch;
    this.#deps = deps;
    this.#inForce = config;
  }

  get inForce(): Config {
    return this.#inForce;
  }

  /** @throws the reason of `signal`. */
  async run(reconfigure: Reconfigure, signal: AbortSignal): Promise<void> {
    const { emit, clock } = this.#deps;
    await this.#watch.run(
      {
        take: ({ config }, { touched }) =>
          reconfigure(config, touched, async () => {
            await this.#deps.configure(config);
            this.#inForce = config;
          }),
        taken: ({ warnings }, { tenants, scans, secrets }, cause) => {
          for (const warning of warnings) this.#deps.warn(warning);
          emit({ type: "config_reloaded", cause, atMs: clock.nowMs(), tenants, scans, secrets });
        },
        refused: (reason, cause) => emit({ type: "config_refused", cause, reason }),
      },
      signal,
    );
  }
}
