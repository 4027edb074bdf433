# defsg: every habit in one place. `make` alone lists them.
#
# Needs Rust (rust-version in Cargo.toml), Python 3.11 or later and a C compiler; what else it uses is installed into
# .venv from tests/requirements.txt, Node.js for the Automation simulator of tests/ssm among it. Docker is wanted by
# `make invoke` and by the tests of `sam local invoke`.

# What the functions are built for, x86_64 or arm64. The tests run x86_64.
ARCH ?= x86_64
EVENT ?= events/open-stock.json
PYTHON ?= python3
# template.yaml, as it stands (Remediation: Disabled), and with the parameter's other values: what is not made is not checked.
TEMPLATES := template.yaml target/template/Manual.yaml target/template/Automatic.yaml

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test build lint bench invoke deploy clean tools simulator simulate rust functions \
	floor adapters harness test-binaries

VENV := $(CURDIR)/.venv
space := $() $()
# Python compiles what is used when it is used: that is the smaller part.
pip = $(VENV)/bin/pip install --quiet --disable-pip-version-check --no-compile
export PATH := $(VENV)/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0
# sam and the tests look for functions in target/lambda, and what is deployed must not hang on a shell's settings.
override export CARGO_TARGET_DIR := $(CURDIR)/target
unexport RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS CARGO_BUILD_TARGET

ifeq ($(filter $(ARCH),x86_64 arm64),)
$(error ARCH=$(ARCH) is not known: give x86_64 or arm64)
endif

# Functions go to target/lambda/BINARY/bootstrap. cargo takes its number of jobs from the machine, not from make.
lambda = env -u MAKEFLAGS cargo lambda build --release $(if $(filter arm64,$(ARCH)),--arm64)
FUNCTIONS := --package defsg-evaluator --bin evaluator --package defsg-remediator --bin remediator

# All that needs no AWS SDK, which takes minutes to build. Always in one selection: each has its own features of
# dependencies, and would build them again.
WITHOUT_SDK := --workspace --exclude defsg-aws --no-default-features

# $(call together,TARGETS): makes them at the same time.
together = @$(MAKE) --no-print-directory -j$(words $(1)) ARCH=$(ARCH) PYTHON=$(PYTHON) $(1)

# $(call timed,WHAT,COMMAND,HOW LONG): says what is done, and then how long it took.
timed = @echo "make: $(1) … $(3)"; start=$$SECONDS; $(2); echo "make: $(1): $$((SECONDS - start)) s"

# $(call check,WHAT,COMMAND,MEND): one step of `make lint`.
check = @echo "lint: $(1)"; $(2) || { echo "lint: $(1) FAILED: $(3)" >&2; exit 1; }

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: ## see it work on a local AWS: a default group judged, refused, closed, restored
	$(call together,functions tools harness)
	@target/debug/local-run

test: ## all tests, end-to-end ones included
	$(call together,functions adapters floor tools simulator test-binaries)
	cd crates/aws && $$(cat $(CURDIR)/target/adapters.path)
	cargo test $(WITHOUT_SDK)

SEEDS ?= 100000

simulate: rust ## closes, restores, editors and crashes by SEEDS seeds [SEEDS=1000000] [FIRST_SEED=0]
	DEFSG_SEEDS=$(SEEDS) DEFSG_FIRST_SEED=$(or $(FIRST_SEED),0) cargo test --profile simulate -p defsg-remediation --test simulation \
		long_run -- --ignored --nocapture

build: ## the functions, into target/lambda/*/bootstrap [ARCH=arm64]
	$(call together,functions tools)

# In one go, so that both cores have work to the end. `sam build` builds each alone and finds that done: the features of
# their dependencies are the same.
functions: rust $(VENV)/.builder
	$(call timed,build the functions,$(lambda) $(FUNCTIONS),several minutes the first time; most of it is AWS's SDK)

# Alone: with the features that the functions turn on, it would not be the least that there is.
floor: $(VENV)/.builder
	$(call timed,build the floor,$(lambda) --package defsg-floor --bin floor)

# The unit tests of the adapters, on the SDK that the functions were built with: their features are the same.
adapters: rust $(VENV)/.builder
	$(call timed,build the tests of the adapters,$(lambda) --package defsg-aws --lib --tests --message-format json \
		| sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1 >target/adapters.path,two minutes: it links all of the SDK)
	@test -s target/adapters.path || { echo "make: cargo named no test binary of defsg-aws" >&2; exit 1; }

# Politely: the functions take longer.
harness: rust
	$(call timed,build the local AWS,nice env -u MAKEFLAGS cargo build --quiet $(WITHOUT_SDK) --bin local-run)

test-binaries: rust
	$(call timed,build the tests,nice env -u MAKEFLAGS cargo test --quiet --no-run $(WITHOUT_SDK))

lint: tools $(TEMPLATES) ## formatting, clippy, rustdoc, templates; warnings are errors
	$(call check,rustfmt,cargo fmt --all --check,run 'cargo fmt --all')
	$(call check,clippy,cargo clippy --workspace --all-targets -- -D warnings,mend what it says above)
	$(call check,rustdoc,RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --workspace --document-private-items,mend the doc comments it names above)
	$(call check,cargo deny (licences bans and sources; advisories where GitHub is reached: see deny.toml),cargo deny --log-level error check licenses bans sources,mend it or say in deny.toml why it may be so)
	$(call check,AWS CLI calls in the documents,python3 tests/docs/aws_calls.py README.md docs/*.md,mend the call where it says above)
	$(call check,sam validate,(for t in $(TEMPLATES); do sam validate --lint --region us-east-1 --template $$t || exit 1; done),mend template.yaml where it says above)
	$(call check,cfn-lint,cfn-lint $(TEMPLATES),mend the template where it says above)
	$(call check,checkov,checkov $(TEMPLATES:%=--file %) --framework cloudformation --compact --quiet --skip-download,mend it; or skip it with its reason in the resource's Metadata)

bench: build floor ## the speed figures, each with its limit
	@cargo run -q -p defsg-e2e --bin bench

invoke: build ## one event through 'sam local invoke' [EVENT=events/….json] [ENDPOINT=http://…]
	@tests/image/invoke '$(EVENT)' '$(ENDPOINT)'

deploy: build ## sam build, then sam deploy --guided [ARCH=arm64]
	sam build --parameter-overrides Architecture=$(ARCH)
	@echo "Built for $(ARCH): answer so where sam asks for the parameter Architecture."
	sam deploy --guided

clean: ## remove everything that was made
	rm -rf target .aws-sam .work .venv tests/ssm/node_modules

rust:
	@command -v cargo >/dev/null || { echo "make: Rust is missing: install it by rustup (https://rustup.rs)" >&2; exit 1; }

tools: rust $(VENV)/.installed

# What builds the functions comes first, in seconds; the other tools while it works.
BUILDER := cargo-lambda ziglang

$(VENV)/.builder: tests/requirements.txt
	@command -v $(PYTHON) >/dev/null || { echo "make: Python 3 is missing: install it (Debian: apt-get install python3-venv)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "make: $(PYTHON) is older than 3.11: give a newer one, PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) \
		|| { echo "make: Python cannot make virtual environments: install venv (Debian: apt-get install python3-venv)" >&2; exit 1; }
	$(call timed,install $(BUILDER) into .venv,$(pip) $$(grep -E '^($(subst $(space),|,$(BUILDER)))==' $<))
	@touch $@

$(VENV)/.installed: $(VENV)/.builder
	$(call timed,install the tools of tests/requirements.txt into .venv,nice $(pip) -r tests/requirements.txt,about a minute)
	@touch $@

target/template/%.yaml: template.yaml
	@mkdir -p $(@D)
	@sed 's/^    Default: Disabled$$/    Default: $*/' $< >$@
	@! cmp -s $< $@ || { echo "make: template.yaml has no 'Default: Disabled' to turn into $*" >&2; rm $@; exit 1; }

simulator: tests/ssm/node_modules/.installed

tests/ssm/node_modules/.installed: tests/ssm/package-lock.json tests/ssm/package.json $(VENV)/.installed
	@echo "make: installing the Automation simulator of tests/ssm/package-lock.json (once, half a minute)"
	@npm ci --prefix tests/ssm --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@
