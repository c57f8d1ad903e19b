# What a contributor types. `make demo` and `make test` need Go, make and the Go module proxy;
# what the other targets need is installed into .tmp/bin, at a pinned version, when they first run.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := help
MAKEFLAGS += --warn-undefined-variables --no-builtin-rules --no-print-directory

# One provider instead of all of them: make generate P=slack
P ?=
# One document in EVERY: make corpus EVERY=10
EVERY ?= 1
# Documents with several faults: make mutants MUTANTS=200
MUTANTS ?= 2000
# Benchmark runs per case; benchstat wants at least 6 to say anything about noise.
COUNT ?= 6

GOLANGCI_VERSION := v2.15.0
GOVULNCHECK_VERSION := v1.9.0
OAPI_CODEGEN_VERSION := v2.8.2
OGEN_VERSION := v1.24.0
BENCHSTAT_VERSION := v0.0.0-20260908200009-22c9c6c9d4da

GO := go
BIN := $(CURDIR)/.tmp/bin
GRANTGEN := $(GO) run ./generator/cmd/grantgen
PROVIDERS := $(if $(P),$(P),$(patsubst specs/%/provider.yaml,%,$(wildcard specs/*/provider.yaml)))
# Modules of their own, so that nobody who imports a client pays for what they need.
NESTED := $(patsubst ./%/go.mod,%,$(shell find . \( -name .git -o -name .tmp -o -name node_modules \) -prune -o -name go.mod ! -path ./go.mod -print | sort))
PRISM := .tmp/prism
INTEROP := .tmp/interop
PRISM_LOCK := providers/internal/conformance
AXE := .tmp/axe
SCREENSHOTS := runtime/vault/local/screenshots

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | awk 'BEGIN { FS = ":.*## " } { printf "  make %-12s %s\n", $$1, $$2 }'

.PHONY: demo
demo: ## Run the quickstart: embedded vault, stand-in GitHub and Slack, audit trail (GITHUB_TOKEN: the real GitHub)
	CGO_ENABLED=0 $(GO) run ./examples/quickstart

.PHONY: generate
generate: ## Write providers/ again from specs/, offline (P=github: that one)
	for p in $(PROVIDERS); do $(GO) generate ./providers/$$p; done
	$(if $(P),,cd examples/ownspec && $(GO) generate ./...)
	$(GRANTGEN) tables

.PHONY: test
test: ## Run all tests; needs no C compiler and no network
	CGO_ENABLED=0 $(GO) test ./...
	for m in $(NESTED); do echo "module $$m"; (cd $$m && CGO_ENABLED=0 $(GO) test ./...); done

.PHONY: race
race: ## Run the tests of everything that works concurrently under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race ./runtime/... ./examples/... ./generator/internal/output ./generator/internal/split ./providers/github ./providers/slack
	CGO_ENABLED=1 $(GO) test -race -run 'TestGolden|TestRun|TestInterrupted' ./generator/internal/pipeline ./generator/internal/corpus

.PHONY: check
check: vet-targets ## Fail if providers/, go.mod or the formatting is stale; vet on three targets
	for p in $(PROVIDERS); do $(GRANTGEN) --provider $$p --check; done
	$(GRANTGEN) tables --check
	stale=$$(find . \( -name .git -o -name .tmp -o -name node_modules -o -name testdata \) -prune -o -name '*.go' -print | xargs gofmt -l); \
	  if [ -n "$$stale" ]; then echo "not formatted (run gofmt -w):"; echo "$$stale"; exit 1; fi
	$(GO) mod verify
	for m in . $(NESTED); do (cd $$m && $(GO) mod tidy -diff); done

.PHONY: vet-targets
vet-targets: ## Run go vet for linux/amd64, linux/386 and windows/amd64
	echo "go vet linux/amd64"; CGO_ENABLED=0 GOOS=linux GOARCH=amd64 $(GO) vet ./...
	# The giant costs two minutes of processor time a target, and is made of what the others are made of.
	for t in linux/386 windows/amd64; do \
	  echo "go vet $$t"; CGO_ENABLED=0 GOOS=$${t%/*} GOARCH=$${t#*/} $(GO) vet $$($(GO) list ./... | grep -v -e /providers/msgraph -e /providers/internal/); done
	for m in $(NESTED); do echo "go vet $$m"; (cd $$m && CGO_ENABLED=0 $(GO) vet ./...); done

.PHONY: lint
lint: $(BIN)/golangci-lint-$(GOLANGCI_VERSION) ## Lint hand-written code; .golangci.yml says with what and why
	$< run ./...
	for m in runtime/peers runtime/browser examples/ownspec; do (cd $$m && $< run ./...); done

.PHONY: golden
golden: ## Write golden files again; fails on purpose: review the difference, then run the tests
	GOLDEN=1 $(GO) test -count=1 ./generator/...

.PHONY: conformance
conformance: $(PRISM)/node_modules/.bin/prism browser ## Decode every upstream example; send every request through Prism; open the vault's pages in Chromium (needs npm and network)
	$(GRANTGEN) fetch $(PROVIDERS) --keep-upstream $(CURDIR)/.tmp/upstream
	GRANTWIRE_UPSTREAM=$(CURDIR)/.tmp/upstream GRANTWIRE_PRISM=$(CURDIR)/$< \
	  $(GO) test -count=1 -timeout 3h -parallel 2 -tags conformance -v -run Conformance ./providers/...

.PHONY: browser
browser: $(AXE)/node_modules/axe-core/axe.min.js ## Open the vault's pages in headless Chromium, with an accessibility engine (needs npm, and Chromium: GRANTWIRE_CHROMIUM names its program)
	cd runtime/browser && GRANTWIRE_AXE=$(CURDIR)/$< CGO_ENABLED=0 $(GO) test -count=1 -timeout 10m -tags conformance -v .

.PHONY: screenshots
screenshots: $(AXE)/node_modules/axe-core/axe.min.js ## Make the pictures of the vault's console again (needs what browser needs)
	mkdir -p .tmp/screenshots $(SCREENSHOTS)
	cd runtime/browser && GRANTWIRE_AXE=$(CURDIR)/$< GRANTWIRE_SCREENSHOTS=$(CURDIR)/.tmp/screenshots CGO_ENABLED=0 $(GO) test -count=1 -timeout 10m -tags conformance -run TestLook .
	for p in overview-light timeline-light timeline-dark timeline-narrow grant-light approval-dark; do cp .tmp/screenshots/$$p.png $(SCREENSHOTS)/; done

$(AXE)/node_modules/axe-core/axe.min.js: runtime/browser/package.json runtime/browser/package-lock.json runtime/browser/.npmrc
	mkdir -p $(AXE)
	cp $^ $(AXE)
	cd $(AXE) && npm ci
	touch $@

.PHONY: interop
interop: $(INTEROP)/bin/python ## Let the official Python client drive our daemon, and compare what it and we send (needs Python and PyPI)
	CGO_ENABLED=0 $(GO) build -o .tmp/grantvault ./runtime/cmd/grantvault
	$(INTEROP)/bin/python -m pip index versions alter-sdk 2>/dev/null | head -1 || true
	INTEROP_PYTHON=$(CURDIR)/$(INTEROP)/bin/python INTEROP_GRANTVAULT=$(CURDIR)/.tmp/grantvault \
	  $(GO) test -count=1 -timeout 20m -v ./runtime/vault/interop ./runtime/vault/conformance

$(INTEROP)/bin/python: runtime/vault/interop/requirements.txt
	python3 -m venv $(INTEROP)
	$(INTEROP)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

.PHONY: fresh
fresh: ## Generate from the newest documents of many makers (specs/fresh.tsv), check and compile every result (needs npm, pip and network)
	CGO_ENABLED=0 $(GO) build -o $(BIN)/corpus ./generator/cmd/corpus
	$(BIN)/corpus --work .tmp/fresh --list specs/fresh.tsv --compile 100 --parallel 1

.PHONY: mutants
mutants: ## Put faults into documents, MUTANTS=2000 times several at once: what is made compiles, what is refused says where
	MUTANTS=$(MUTANTS) CGO_ENABLED=0 $(GO) test -count=1 -timeout 2h -run TestFaults ./generator/internal/corpus

.PHONY: corpus
corpus: ## Generate from the 2,639 documents of a public directory, check every result, compile some (needs npm and network)
	CGO_ENABLED=0 $(GO) build -o $(BIN)/corpus ./generator/cmd/corpus
	$(BIN)/corpus --work .tmp/corpus --every $(EVERY)

.PHONY: bench
bench: $(BIN)/benchstat ## Compare with the hand-written and generated peers (COUNT=6 runs each)
	mkdir -p .tmp
	(cd runtime/peers && $(GO) test -run '^$$' -bench . -benchmem -count $(COUNT) ./...) | tee .tmp/bench.txt
	$< .tmp/bench.txt
	cd runtime/peers && $(GO) test -count=1 -tags cost -run Cost -v .

.PHONY: sizes
sizes: ## Measure what building each provider takes, for providers/README.md (P=slack: that one); best on an idle machine
	(cd runtime/peers && $(GO) build -o ../../.tmp/compare.out ./cmd/compare)
	.tmp/compare.out build $(PROVIDERS)
	$(GRANTGEN) tables

.PHONY: peers
peers: ## Generate and build with oapi-codegen and ogen, too; writes providers/PEERS.md (P="slack asana": those; needs the Go module proxy)
	(cd runtime/peers && $(GO) build -o ../../.tmp/compare.out ./cmd/compare)
	.tmp/compare.out -oapi-codegen $(OAPI_CODEGEN_VERSION) -ogen $(OGEN_VERSION) peers $(PROVIDERS)

.PHONY: vuln
vuln: ## Look for known vulnerabilities in what we link (needs the vulnerability database)
	$(GO) run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION) ./...

.PHONY: clean
clean: ## Remove installed tools, fetched documents and npm packages
	rm -rf .tmp

$(BIN)/golangci-lint-$(GOLANGCI_VERSION):
	mkdir -p $(BIN)
	GOFLAGS= GOBIN=$(BIN) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv $(BIN)/golangci-lint $@

$(BIN)/benchstat:
	GOFLAGS= GOBIN=$(BIN) $(GO) install golang.org/x/perf/cmd/benchstat@$(BENCHSTAT_VERSION)

$(PRISM)/node_modules/.bin/prism: $(PRISM_LOCK)/package.json $(PRISM_LOCK)/package-lock.json $(PRISM_LOCK)/.npmrc
	mkdir -p $(PRISM)
	cp $^ $(PRISM)
	cd $(PRISM) && SCARF_ANALYTICS=false npm ci
	touch $@
