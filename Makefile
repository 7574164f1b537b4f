# The few commands a person needs; `make` alone lists them. Every target sets up what it needs
# first, and set-up that is done costs half a second. After `make setup` plain cargo works too.

.DEFAULT_GOAL := help
.PHONY: help setup torch build demo test check fuzz bench install clean

CARGO ?= cargo
PREFIX ?= /usr/local
DESTDIR ?=
CUDA ?=
# libtorch with its GPU libraries is libtorch too.
TORCH ?= $(CUDA)

export CARGO PREFIX DESTDIR TORCH
export TARGET_DIR := $(abspath $(or $(CARGO_TARGET_DIR),target))

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "Variables: TORCH=1 (ddrmjpeg-torch and libtorch too: training, published networks),"
	@echo "  CUDA=1 (TORCH=1 with the GPU libraries), PREFIX=$(PREFIX), DESTDIR="

setup: ## Install system packages; with TORCH=1 fetch libtorch too (nothing to do the second time)
	@scripts/install_system.sh
	@$(if $(TORCH),scripts/fetch_libtorch.sh $(if $(CUDA),--cuda))

# For what tests or checks everything.
torch:
	@$(MAKE) --no-print-directory setup TORCH=1

build: setup ## Build the command and the GStreamer plugin, optimised; with TORCH=1 ddrmjpeg-torch too
	$(CARGO) build --release --workspace
	$(if $(TORCH),$(CARGO) build --release -p ddrmjpeg-cli --features torch --bin ddrmjpeg-torch)

demo: build ## Restore the example picture and the example stream, and print the gain in dB
	@scripts/demo.sh

test: torch ## Run every test (the corpus too, where DDRMJPEG_CORPUS names it)
	@scripts/test.sh

check: torch ## Format, clippy for each feature set, documentation, licences, scripts
	@scripts/check.sh

fuzz: ## Run every fuzz target for a minute (scripts/fuzz.sh says how for longer)
	@scripts/fuzz.sh

bench: setup ## Run the benchmarks
	$(CARGO) bench --workspace

install: ## Install command and plugin under PREFIX, with TORCH=1 libtorch too (sudo: run `make build` first)
	@if [ -z "$$SUDO_USER" ]; then $(MAKE) --no-print-directory build; fi
	@scripts/install.sh

clean: ## Remove build products and demo results (not the fetched libtorch)
	$(CARGO) clean
	rm -rf out
