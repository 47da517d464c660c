# `make` prints the targets.

GO       ?= go
ARGS     ?=
COUNT    ?= 300000
SEED     ?=
FUZZTIME ?= 10s
LDFLAGS  := -s -w
KILLS    ?= 1000
CUTS     ?= 1000
CRASH    := $(if $(SEED),GRANARY_SEED=$(SEED)) GRANARY_BIN=$(CURDIR)/bin/granary $(GO) test -count=1 -v
UNIT     := ./cmd/... ./internal/...

.PHONY: help build run test unit race scripts compat checked client suite crash cuts ecosystem lint fuzz bench fmt gen packages

help: ## print the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

build: ## build bin/granary
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/granary ./cmd/granary

run: build ## build and start the server (ARGS="--port 7000")
	./bin/granary $(ARGS)

test: packages lint unit race scripts compat checked client cuts suite ## everything that has to pass; installs the Debian packages it needs

unit: ## unit tests, with the extra checks and as shipped
	$(GO) test -tags invariants -timeout 10m $(UNIT)
	$(GO) test -timeout 10m $(UNIT)

race: ## unit tests under the race detector
	$(GO) test -race -timeout 10m $(UNIT)

lint: ## vet, staticcheck, gofumpt, imports, package comments, file lengths
	$(GO) test -count=1 ./tests/lint

scripts: build ## replay tests/script against redis-server and Granary, and start and stop it
	$(GO) run ./tests/suite -fetch
	GRANARY_REQUIRE=1 GRANARY_BIN=$(CURDIR)/bin/granary $(GO) test -count=1 ./tests/live ./tests/script ./tests/process ./tests/bench

compat: build ## random commands against redis-server (COUNT=300000 SEED=1)
	GRANARY_REQUIRE=1 GRANARY_BIN=$(CURDIR)/bin/granary $(GO) test -count=1 -timeout 0 ./tests/compat -commands $(COUNT) $(if $(SEED),-seed $(SEED))

checked: ## random commands against servers with the extra checks and with the race detector
	GRANARY_REQUIRE=1 GRANARY_BUILD_FLAGS=-tags=invariants $(GO) test -count=1 -timeout 0 ./tests/compat -commands 300000
	GRANARY_REQUIRE=1 GRANARY_BUILD_FLAGS=-race $(GO) test -count=1 -timeout 0 ./tests/compat -commands 100000

client: build ## the client library go-redis against Granary
	cd tests/client && GRANARY_BIN=$(CURDIR)/bin/granary $(GO) test -count=1 ./...

crash: build packages ## kill -9 and failures of power, 1,000 each, and 400 snapshots (KILLS= CUTS= SEED=); some ten minutes, needs /dev/fuse
	cd tests/crash && $(CRASH) -timeout 0 . -args -fuse -kills $(KILLS) -cuts $(CUTS) -snapshots 400

cuts: build ## some of each; failures of power only with /dev/fuse
	cd tests/crash && $(CRASH) -timeout 10m .

suite: build ## the Tcl suite of Valkey 8.1 (ARGS="unit/scan" for some files)
	$(GO) run ./tests/suite -server bin/granary $(ARGS)

ecosystem: build ## applications and clients written for Redis (ARGS="-only bullmq -v"); needs Node, installs it when missing
	command -v npm >/dev/null || tools/packages.sh nodejs npm
	cd tests/ecosystem && $(GO) run . -server $(CURDIR)/bin/granary $(ARGS)

fuzz: ## every fuzz target for FUZZTIME=10s
	@set -e; for p in $$($(GO) list $(UNIT)); do for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
		echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$p; done; done

bench: build ## measure beside redis-server and write docs/benchmarks.md (ARGS="-only cpu")
	tools/packages.sh redis-server redis-tools gcc libc6-dev libjemalloc-dev
	$(GO) run ./tests/bench -server bin/granary $(ARGS)

fmt: ## format with gofumpt
	$(GO) tool -modfile=tools/go.mod gofumpt -w cmd internal tests

gen: ## regenerate everything generated
	$(GO) generate ./...

packages: ## install the Debian packages that the tests need, when missing
	tools/packages.sh procps redis-server redis-tools tcl tcl-tls openssl dpkg-dev gcc libc6-dev util-linux-extra
