# Everything a contributor or CI runs. `make` alone lists the targets.
#
# No -trimpath, no build tags: the Azure SDK takes minutes to compile, and every
# variant of the flags compiles it again. There are two variants, plain and -race.

# Tools, pinned here and nowhere else.
GOLANGCI_LINT_VERSION := v2.15.0

# Settings: make fuzz FUZZTIME=5m, make test SLOW=1.
FUZZTIME     ?= 20s
NIGHTLYTIME  ?= 10m
# A package that takes longer hangs.
TEST_TIMEOUT ?= 25m
SLOW         ?=
VERSION      ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

GOLANGCI_LINT := bin/golangci-lint-$(GOLANGCI_LINT_VERSION)

.DEFAULT_GOAL := help
.PHONY: help demo tour test check bench lint fuzz fmt build nightly tidy fmt-check vet

help: ## lists the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

# Not by go run, which makes a failure of Ctrl-C.
demo: ## a web page of jitbot over a simulated Slack and Azure; Ctrl-C stops it
	@echo 'Building jitdemo; the first time this takes a minute or two.'
	go build -buildvcs=false -o bin/ ./cmd/jitdemo
	@bin/jitdemo

tour: ## one grant from request to expiry over the same, in the terminal
	go run ./cmd/jitdemo --tour

# The race detector needs a C compiler with its headers. Building runtime/cgo asks
# for exactly that. Without one cgo is off, since half a C compiler breaks the build.
# SLOW=1: one package of the Azure SDK takes 2 GB to compile, and two are compiled
# at once; this takes 1.3 GB, and more than twice as long.
test: ## all tests, with the race detector where a C compiler is found; SLOW=1 for under 3 GB of memory
	@if [ -n '$(SLOW)' ]; then \
		echo 'make test: SLOW, so one package at a time and without the race detector'; \
		export GOGC=50 GOMEMLIMIT=800MiB; flags='-p 1'; \
	elif go build -race runtime/cgo >/dev/null 2>&1; then \
		echo 'make test: a C compiler was found, so with the race detector'; \
		flags=-race; \
	else \
		echo 'make test: no working C compiler was found, so without the race detector'; \
		export CGO_ENABLED=0; flags=; \
	fi; \
	set -x; go test $$flags -timeout $(TEST_TIMEOUT) ./...

check: tidy fmt-check vet lint test ## what must pass before a commit; .ci/run adds fuzz and tour

tidy: ## fails when go.mod or go.sum is not tidy
	go mod tidy -diff

fmt-check: $(GOLANGCI_LINT) ## fails when a file is not formatted
	$(GOLANGCI_LINT) fmt --diff

vet: ## go vet
	go vet ./...

lint: $(GOLANGCI_LINT) ## the linters of .golangci.yml
	$(GOLANGCI_LINT) run ./...

fmt: $(GOLANGCI_LINT) ## formats every file
	$(GOLANGCI_LINT) fmt

fuzz: ## each fuzz target for FUZZTIME (20s)
	bash .ci/fuzz $(FUZZTIME)

nightly: ## each fuzz target for NIGHTLYTIME (10m), the tests three times in random order, then 10,000 hostile lives
	bash .ci/fuzz $(NIGHTLYTIME)
	go test -count=3 -shuffle=on -timeout 30m ./...
	go test -run '^TestNoAccessLeftOpen$$' -timeout 2h ./cmd/internal/sim -rapid.checks=3400

bench: ## every benchmark, with the ratios that it reports
	@dirs=$$(grep -rl --include='*_test.go' '^func Benchmark' cmd bot jit store | xargs -r -n1 dirname | sort -u | sed 's,^,./,'); \
	if [ -z "$$dirs" ]; then echo 'make bench: no benchmarks'; exit 0; fi; \
	set -x; go test -run '^$$' -bench . -benchmem $$dirs

# -X only links again. VCS stamping fails in a checkout that belongs to somebody
# else, and the version says the same.
build: ## bin/jitbot and bin/jitdemo
	go build -buildvcs=false -ldflags '-X main.version=$(VERSION)' -o bin/ ./cmd/jitbot ./cmd/jitdemo

# Built from its own module, with its own go.sum, in the module cache. `go run
# package@version` would ask the module proxy for every prefix of the package's
# path, and ends at a proxy that answers 403 for those that are no modules.
# From /, so that our go.mod and go.sum stay as they are.
$(GOLANGCI_LINT):
	@mkdir -p bin
	dir=$$(cd / && go mod download -json github.com/golangci/golangci-lint/v2@$(GOLANGCI_LINT_VERSION) \
		| sed -n 's/^.*"Dir": "\(.*\)",*$$/\1/p') && cd "$$dir" && go build -buildvcs=false -o '$(CURDIR)/$@' ./cmd/golangci-lint
