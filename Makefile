.DEFAULT_GOAL := help
.PHONY: help setup components build check test demo flink-demo bench alerts sim mutants compare kills soak report reproduce clean
tsx := node --import tsx

help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Installs what is missing: npm packages, JDK, Maven, Kafka, registry, Flink, Prometheus, Chromium, checkers
	@deploy/setup/setup.sh

components: ## Of that what runs the connector and measures it: no Flink, no Prometheus, no Chromium, no checkers of packages
	@deploy/setup/setup.sh components

build: ## Compiles src to dist (then also: node dist/main.js)
	@deploy/setup/setup.sh packages
	@npm run --silent build

check: ## Types, lint, unused code, house rules, unit and property tests: the one to remember
	@deploy/setup/setup.sh packages
	@$(tsx) test/run/run.ts check

test: setup ## Everything: check, contracts, integration with real Kafka, Node 22 and 24
	@deploy/setup/other-nodes.sh
	@$(tsx) test/run/run.ts test

demo: components build ## A real Kafka, a mock tenant and the connector, with a check at the end (DEMO_SECONDS, BROKERS, REGISTRY)
	@$(tsx) deploy/demo/demo.ts

flink-demo: components build ## The same with Flink and a tenant that is attacked: alerts as they come, PASS or FAIL (BROKERS, REGISTRY)
	@deploy/setup/flink.sh
	@$(tsx) deploy/demo/flink-demo.ts

bench: components ## Activities a second, CPU and memory, for the whole path and its parts
	@$(tsx) test/bench/bench.ts

alerts: ## Every fault as a Prometheus sees it, and the alerts that fire, as a table
	@deploy/setup/setup.sh packages && deploy/setup/prometheus.sh
	@$(tsx) test/alerts/campaign.ts

sim: ## The simulation of many seeds, then the property and crash campaigns, long (SEEDS, FROM, FC_TIMES)
	@deploy/setup/setup.sh packages
	@$(tsx) test/run/run.ts sim

mutants: ## Breaks the connector on purpose and counts the seeds that the simulation needs to see it (SEEDS)
	@deploy/setup/setup.sh packages
	@$(tsx) test/mutants/mutants.ts --seeds $(or $(SEEDS),2000) --jobs 2

compare: ## What other ways of collecting lose and repeat on the same simulated tenant, as a table (SEEDS)
	@deploy/setup/setup.sh packages
	@$(tsx) test/compare/compare.ts --seeds $(or $(SEEDS),5)

kills: components build ## One connector killed over and over at aimed moments, long (KILLS)
	@$(tsx) test/run/run.ts kills

soak: components build ## Three brokers, three replicas, twelve tenants: kills, zombies, cuts; under 20 minutes (SOAK_SEED)
	@$(tsx) test/soak/soak.ts

report: ## One page from what the last make soak and make mutants have left: test-results/report/index.html
	@deploy/setup/setup.sh packages
	@$(tsx) test/report/report.ts

reproduce: components ## How kafkajs alone loses records without an error, on three brokers (BROKERS for yours)
	@$(tsx) test/reproduce/reproduce.ts

clean: ## Removes all that the other targets made
	@rm -rf dist .cache test-results node_modules
