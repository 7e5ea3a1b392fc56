# flowerctl: `make demo` and `make test` each work as the first command.
#
# oneDNN (the fast training kernels) is found in $(ONEDNN_ROOT), /usr or
# /usr/local; `make native` installs Debian's. Without it everything is built on
# the Go kernels. ONEDNN=no builds without it on purpose.

ONEDNN      ?= auto
ONEDNN_ROOT ?=
DEMO        ?= demo
RACE        ?=
PEER_PYTHON ?= /usr/bin/python3

ifeq ($(ONEDNN),auto)
  ONEDNN_HEADER := $(firstword $(wildcard $(addsuffix /include/dnnl.hpp,$(ONEDNN_ROOT) /usr /usr/local)))
endif
ifneq ($(ONEDNN_HEADER),)
  TAGS := -tags onednn
  ifneq ($(ONEDNN_ROOT),)
    export CGO_CXXFLAGS := -O2 -g -I$(ONEDNN_ROOT)/include
    export CGO_LDFLAGS  := -O2 -g -L$(ONEDNN_ROOT)/lib -Wl,-rpath,$(abspath $(ONEDNN_ROOT)/lib)
  endif
endif

.PHONY: help demo run-demo test run-test race build native lint bench bench-peer clean

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: native ## set up, then train on drawn flowers, export, verify and predict
	@$(MAKE) --no-print-directory run-demo

test: native ## set up, then run every test
	@$(MAKE) --no-print-directory run-test

build: ## bin/flowerctl
	@echo "kernels: $(if $(TAGS),oneDNN ($(ONEDNN_HEADER)),Go only; oneDNN would make training several times faster: apt-get install libdnnl-dev)"
	go build $(TAGS) -o bin/flowerctl ./cmd/flowerctl

run-demo: build
	rm -rf $(DEMO)
	bin/flowerctl runtime install
	bin/flowerctl train --arch tiny --drawn 1500 --epochs 15 --out $(DEMO)/run
	bin/flowerctl export $(DEMO)/model.onnx --run $(DEMO)/run
	bin/flowerctl verify $(DEMO)/model.onnx --run $(DEMO)/run
	bin/flowerctl data draw $(DEMO)/images --count 4 --seed 99
	bin/flowerctl predict $(DEMO)/images --model $(DEMO)/model.onnx --top 2

run-test: build
	bin/flowerctl runtime install
	go test $(TAGS) $(RACE) -timeout 20m ./...

# The system's packages, where they are missing and can be installed: a missing
# library is a slower build, not a failed one, unless FLOWERCTL_REQUIRE names it.
native: ## install what is missing: oneDNN from the system's packages
	@if [ "$(ONEDNN)" != auto ] || [ -n "$(ONEDNN_HEADER)" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then sudo=; else sudo="sudo -n"; fi; \
	if command -v apt-get >/dev/null && $$sudo true 2>/dev/null; then \
		echo "installing libdnnl-dev"; \
		$$sudo apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -qq -y --no-install-recommends libdnnl-dev g++ >/dev/null && exit 0; \
	fi; \
	case ",$$FLOWERCTL_REQUIRE," in *,onednn,*) echo "oneDNN could not be installed" >&2; exit 1;; esac; \
	echo "oneDNN could not be installed: building on the Go kernels" >&2

lint: ## gofmt, go vet, staticcheck
	@test -z "$$(gofmt -l .)" || { echo "not gofmt-ed:"; gofmt -l .; exit 1; }
	go vet $(TAGS) ./...
	go tool staticcheck $(TAGS) ./...

bench: ## kernels by op and shape
	go test $(TAGS) -run '^$$' -bench . ./train/nn/kernel/

bench-peer: build ## training steps against PyTorch (needs a Python that has it: PEER_PYTHON)
	$(PEER_PYTHON) fixtures/peer/compare.py --python $(PEER_PYTHON)

clean: ## remove what make wrote
	rm -rf bin $(DEMO)
