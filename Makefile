# The few commands a person needs; `make` alone lists them. Every target sets up what it needs
# first, and set-up that is done costs half a second. After `make setup` plain cargo works too.

.DEFAULT_GOAL := help
.PHONY: help setup build demo test check fuzz bench install clean

CARGO ?= cargo
PREFIX ?= /usr/local
DESTDIR ?=
CUDA ?=

export CARGO PREFIX DESTDIR
export TARGET_DIR := $(abspath $(or $(CARGO_TARGET_DIR),target))

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "Variables: CUDA=1 (libtorch with its GPU libraries), PREFIX=$(PREFIX), DESTDIR="

setup: ## Install system packages and fetch libtorch (nothing to do the second time)
	@scripts/install_system.sh
	@scripts/fetch_libtorch.sh $(if $(CUDA),--cuda)

build: setup ## Build the command and the GStreamer plugin, optimised
	$(CARGO) build --release --workspace

demo: build ## Restore the example picture and the example stream, and print the gain in dB
	@scripts/demo.sh

test: setup ## Run every test (the corpus too, where DDRMJPEG_CORPUS names it)
	@scripts/test.sh

check: setup ## Format, clippy for each feature set, documentation, licences, scripts
	@scripts/check.sh

fuzz: ## Run every fuzz target for a minute (scripts/fuzz.sh says how for longer)
	@scripts/fuzz.sh

bench: setup ## Run the benchmarks
	$(CARGO) bench --workspace

install: ## Install command, plugin and libtorch under PREFIX (sudo: run `make build` first)
	@if [ -z "$$SUDO_USER" ]; then $(MAKE) --no-print-directory build; fi
	@scripts/install.sh

clean: ## Remove build products and demo results (not the fetched libtorch)
	$(CARGO) clean
	rm -rf out
