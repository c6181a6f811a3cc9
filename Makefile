# Short words for what is done often; meson and npm do the work.
#
#   make run      build, then a demo instance in ./demo (DEMO=DIR for another)
#   make build    the programs into ./build, the page into web/dist
#   make test     all suites; SUITES="unit api" for some
#   make asan     the same suites on a build with AddressSanitizer and UBSan
#   make fault    every damage named; kills while making and copying; 200 rounds of orders while something breaks
#                 (half an hour); ROUNDS, SEED, STORE
#   make bench    the measurements of tests/bench
#   make cluster  several hosts on this one: PostgreSQL fails over in the middle of a batch
#   make lint     clang-tidy, cppcheck, the layers, Biome
#   make fmt      formats the lines that differ from the last commit
#   make clean    removes what was built
#
# Each installs what it lacks (tools/setup) and says so; SETUP=: does without.

BUILD ?= build
DEMO ?= demo
SUITES ?=
ROUNDS ?= 200
STORE ?= both
SEED ?=
SETUP ?= tools/setup
NODE := tools/with-node

WEB_SOURCES := $(shell find web api/openapi.yaml profiles/profile.schema.json -name node_modules -prune -o -path web/dist -prune -o -type f -print)

.PHONY: run build test asan fault bench lint fmt clean cluster setup setup-test setup-lint setup-cluster programs page
.DELETE_ON_ERROR:

run: build
	$(BUILD)/certmill demo --dir $(DEMO)

build: programs page

setup:
	@$(SETUP)

setup-test:
	@$(SETUP) test

setup-lint:
	@$(SETUP) lint

setup-cluster:
	@$(SETUP) cluster

programs: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja: | setup
	meson setup $(BUILD)

page: web/dist/index.html

web/node_modules/.installed: web/package-lock.json | setup
	$(NODE) sh -c 'cd web && npm ci --no-audit --no-fund'
	touch $@

# The types of the API, made from the contract.
web/src/api/schema.d.ts: api/openapi.yaml web/tools/openapi/package-lock.json web/node_modules/.installed
	$(NODE) sh -c 'cd web && npm run types'

web/dist/index.html: $(WEB_SOURCES) web/src/api/schema.d.ts web/node_modules/.installed
	$(NODE) sh -c 'cd web && npm run build'
	touch $@

test: setup-test build
	CERTMILL_BUILD=$(BUILD) tests/run $(SUITES)

asan: setup-test page
	[ -f $(BUILD)-asan/build.ninja ] || meson setup $(BUILD)-asan -Db_sanitize=address,undefined -Db_lundef=false
	ninja -C $(BUILD)-asan
	CERTMILL_BUILD=$(BUILD)-asan tests/run $(SUITES)

fault: setup-test build
	CERTMILL_BUILD=$(BUILD) tests/fault/damage
	CERTMILL_BUILD=$(BUILD) tests/fault/makings
	CERTMILL_BUILD=$(BUILD) tests/fault/rounds --rounds $(ROUNDS) --store $(STORE) $(if $(SEED),--seed $(SEED))

bench: setup-test build
	CERTMILL_BUILD=$(BUILD) tests/bench/run

cluster: setup-cluster build
	CERTMILL_BUILD=$(BUILD) tests/cluster/copy
	CERTMILL_BUILD=$(BUILD) tests/cluster/run

lint: setup-lint $(BUILD)/build.ninja web/node_modules/.installed web/src/api/schema.d.ts
	ninja -C $(BUILD)
	tools/lint $(BUILD)
	$(NODE) sh -c 'cd web && npm run lint'

fmt: setup-lint web/node_modules/.installed
	git diff -U0 --no-color --relative HEAD -- '*.c' '*.h' | $$(command -v clang-format-diff clang-format-diff-14 | head -n 1) -p1 -i
	$(NODE) sh -c 'cd web && npm run fmt'

clean:
	rm -rf $(BUILD) $(BUILD)-asan web/dist web/src/api/schema.d.ts
