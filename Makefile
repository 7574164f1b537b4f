# The few commands a person needs; `make` alone lists them. Every target sets up what it needs
# first, and set-up that is done costs half a second. After `make setup` plain cargo works too.

.DEFAULT_GOAL := help
.PHONY: help setup system libtorch build python capi demo test check fuzz bench install clean

CARGO ?= cargo
PREFIX ?= /usr/local
DESTDIR ?=
TORCH ?=
CUDA ?=
with_torch := $(or $(TORCH),$(CUDA))

export CARGO PREFIX DESTDIR
export TARGET_DIR := $(abspath $(or $(CARGO_TARGET_DIR),target))

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "Variables: TORCH=1 (ddrmjpeg-torch too: published networks, training), CUDA=1 (the same with"
	@echo "its GPU libraries), PREFIX=$(PREFIX), DESTDIR="

setup: system $(if $(with_torch),libtorch) ## Install system packages; with TORCH=1 fetch libtorch (nothing to do the second time)

system:
	@scripts/install_system.sh

libtorch: system
	@scripts/fetch_libtorch.sh $(if $(CUDA),--cuda)

# Two calls: in one, cargo would build all packages with the features that any of them asks for.
build: setup ## Build the command and the GStreamer plugin, optimised; with TORCH=1 ddrmjpeg-torch
	$(CARGO) build --release --workspace
	$(if $(with_torch),$(CARGO) build --release -p ddrmjpeg-cli --features torch --bin ddrmjpeg-torch)

python: setup ## Build the Python wheel, with oneDNN inside (into target/python)
	@scripts/build_wheel.sh

capi: setup ## Build the C library and install it under PREFIX (libddrmjpeg.so, ddrmjpeg.h, ddrmjpeg.pc)
	@scripts/build_capi.sh

demo: build ## Restore the example picture and the example stream, and print the gain in dB
	@scripts/demo.sh

test: setup libtorch ## Run every test (the corpus too, where DDRMJPEG_CORPUS names it)
	@scripts/test.sh

check: setup libtorch ## Format, clippy for each feature set, documentation, licences, scripts
	@scripts/check.sh

fuzz: ## Run every fuzz target for a minute (scripts/fuzz.sh says how for longer)
	@scripts/fuzz.sh

bench: setup ## Run the benchmarks
	$(CARGO) bench --workspace

install: ## Install command and plugin under PREFIX, with TORCH=1 also ddrmjpeg-torch (sudo: run `make build` first)
	@if [ -z "$$SUDO_USER" ]; then $(MAKE) --no-print-directory build; fi
	@TORCH=$(with_torch) scripts/install.sh

clean: ## Remove build products and demo results (not the fetched libtorch)
	$(CARGO) clean
	rm -rf out
