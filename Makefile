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
.PHONY: help run test build lint bench invoke deploy clean tools simulator rust

VENV := $(CURDIR)/.venv
export PATH := $(VENV)/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0
# sam and the tests look for functions in target/lambda, and what is deployed must not hang on a shell's settings.
override export CARGO_TARGET_DIR := $(CURDIR)/target
unexport RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS CARGO_BUILD_TARGET

ifeq ($(filter $(ARCH),x86_64 arm64),)
$(error ARCH=$(ARCH) is not known: give x86_64 or arm64)
endif

# $(call function,PACKAGE,BINARY): target/lambda/BINARY/bootstrap, by the command that `sam build` runs, so that each
# finds the other's work done. One package at a time: built together they would get each other's features.
function = cargo lambda build --release --package $(1) --bin $(2) $(if $(filter arm64,$(ARCH)),--arm64)

# $(call check,WHAT,COMMAND,MEND): one step of `make lint`.
check = @echo "lint: $(1)"; $(2) || { echo "lint: $(1) FAILED: $(3)" >&2; exit 1; }

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: build ## see it work on a local AWS: a default group judged, refused, closed, restored
	@cargo run -q -p defsg-e2e --bin local-run

test: build simulator ## all tests, end-to-end ones included
	$(call function,defsg-floor,floor)
	cargo test --workspace

build: tools ## the functions, into target/lambda/*/bootstrap [ARCH=arm64]
	$(call function,defsg-evaluator,evaluator)
	$(call function,defsg-remediator,remediator)

lint: tools $(TEMPLATES) ## formatting, clippy, rustdoc, templates; warnings are errors
	$(call check,rustfmt,cargo fmt --all --check,run 'cargo fmt --all')
	$(call check,clippy,cargo clippy --workspace --all-targets -- -D warnings,mend what it says above)
	$(call check,rustdoc,RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --workspace --document-private-items,mend the doc comments it names above)
	$(call check,AWS CLI calls in the documents,python3 tests/docs/aws_calls.py README.md docs/*.md,mend the call where it says above)
	$(call check,sam validate,(for t in $(TEMPLATES); do sam validate --lint --region us-east-1 --template $$t || exit 1; done),mend template.yaml where it says above)
	$(call check,cfn-lint,cfn-lint $(TEMPLATES),mend the template where it says above)
	$(call check,checkov,checkov $(TEMPLATES:%=--file %) --framework cloudformation --compact --quiet --skip-download,mend it; or skip it with its reason in the resource's Metadata)

bench: build ## the speed figures, each with its limit
	$(call function,defsg-floor,floor)
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

$(VENV)/.installed: tests/requirements.txt
	@command -v $(PYTHON) >/dev/null || { echo "make: Python 3 is missing: install it (Debian: apt-get install python3-venv)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "make: $(PYTHON) is older than 3.11: give a newer one, PYTHON=python3.12" >&2; exit 1; }
	@echo "make: installing the tools of tests/requirements.txt into .venv (once, about a minute)"
	@$(PYTHON) -m venv --clear $(VENV) \
		|| { echo "make: Python cannot make virtual environments: install venv (Debian: apt-get install python3-venv)" >&2; exit 1; }
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
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
