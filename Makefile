.DEFAULT_GOAL := help
.PHONY: help setup

help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Installs what is missing: npm packages, JDK, Maven, Kafka, schema registry
	@deploy/setup/setup.sh
