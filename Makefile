# flowerctl: `make demo` and `make test` each work as the first command.
#
# Two libraries make it faster where their headers are found: oneDNN (training;
# in $(ONEDNN_ROOT), /usr or /usr/local) and libjpeg-turbo (reading JPEG files).
# `make native` installs Debian's. Without them everything works in Go; ONEDNN=no
# and LIBJPEG=no build without them on purpose. CLOUD=yes builds in object stores (s3://,
# gs://, azblob://) and Parquet, whose libraries make the program twice as large.

ONEDNN      ?= auto
ONEDNN_ROOT ?=
LIBJPEG     ?= auto
CLOUD       ?= no
DEMO        ?= demo
RACE        ?=
TESTFLAGS   ?=
PACKAGES    ?= ./...
PYTHON      ?= python3
PEER_PYTHON ?= /usr/bin/python3
PEER        ?=
ONEDNN3     ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/flowerctl/onednn-3.2

header = $(firstword $(wildcard $(addsuffix /include/$(1),$(2) /usr /usr/local)))
ifeq ($(ONEDNN),auto)
  ONEDNN_HEADER := $(call header,dnnl.hpp,$(ONEDNN_ROOT))
endif
ifeq ($(LIBJPEG),auto)
  LIBJPEG_HEADER := $(call header,jpeglib.h,)
endif
comma := ,
TAG_LIST := $(strip $(if $(ONEDNN_HEADER),onednn) $(if $(LIBJPEG_HEADER),libjpeg) \
	$(if $(filter yes,$(CLOUD)),cloud))
TAGS := $(addprefix -tags=,$(subst $() ,$(comma),$(TAG_LIST)))
ifneq ($(and $(ONEDNN_HEADER),$(ONEDNN_ROOT)),)
  export CGO_CXXFLAGS := -O2 -g -I$(ONEDNN_ROOT)/include
  export CGO_LDFLAGS  := -O2 -g -L$(ONEDNN_ROOT)/lib -Wl,-rpath,$(abspath $(ONEDNN_ROOT)/lib)
endif

.PHONY: help demo run-demo test run-test test-beam test-cloud test-onednn3 onednn3 build native lint fuzz bench bench-peer \
	bench-peer-infer bench-serve image check-pixels builtin gpu-bundle gpu-check clean

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

demo: native ## set up, then train on drawn flowers, export, verify, predict; then real ones
	@$(MAKE) --no-print-directory run-demo

test: native ## set up, then run every test
	@$(MAKE) --no-print-directory run-test

build: ## bin/flowerctl
	@echo "kernels: $(if $(ONEDNN_HEADER),oneDNN ($(ONEDNN_HEADER)),Go; oneDNN is faster: apt-get install libdnnl-dev)"
	@echo "JPEG: $(if $(LIBJPEG_HEADER),libjpeg-turbo ($(LIBJPEG_HEADER)),Go; libjpeg-turbo is faster: apt-get install libjpeg-dev)"
	go build $(TAGS) -o bin/flowerctl ./cmd/flowerctl

run-demo: build
	rm -rf $(DEMO)
	bin/flowerctl runtime install
	bin/flowerctl train --arch tiny --drawn 1500 --epochs 15 --out $(DEMO)/run
	bin/flowerctl export $(DEMO)/model.onnx --run $(DEMO)/run
	bin/flowerctl verify $(DEMO)/model.onnx --run $(DEMO)/run
	bin/flowerctl data draw $(DEMO)/images --count 4 --seed 99
	bin/flowerctl predict $(DEMO)/images --model $(DEMO)/model.onnx --top 2
	FLOWERCTL_MODEL= bin/flowerctl predict fixtures/photos --top 2   # real ones, by the built-in model

run-test: build
	bin/flowerctl runtime install
	go test $(TAGS) $(RACE) $(TESTFLAGS) -timeout 30m $(PACKAGES)

# The system's packages, where they are missing and can be installed: a missing
# library is a slower build, not a failed one, unless FLOWERCTL_REQUIRE names it. The
# browser (113 MB) that the server's page is tested in is installed only where it does.
BROWSER := $(shell for b in chromium chromium-browser google-chrome; do command -v $$b; done; true)
MISSING := $(if $(ONEDNN_HEADER),,$(if $(filter auto,$(ONEDNN)),libdnnl-dev g++)) \
           $(if $(LIBJPEG_HEADER),,$(if $(filter auto,$(LIBJPEG)),libjpeg-dev)) \
           $(if $(findstring chromium,$(FLOWERCTL_REQUIRE)),$(if $(BROWSER),,chromium))
native: ## install what is missing: oneDNN and libjpeg-turbo from the system's packages
	@if [ -z "$(strip $(MISSING))" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then sudo=; else sudo="sudo -n"; fi; \
	if command -v apt-get >/dev/null && $$sudo true 2>/dev/null; then \
		echo "installing $(strip $(MISSING))"; \
		$$sudo apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -qq -y --no-install-recommends $(MISSING) >/dev/null && exit 0; \
	fi; \
	case ",$$FLOWERCTL_REQUIRE," in *,onednn,*) echo "could not install $(strip $(MISSING))" >&2; exit 1;; esac; \
	echo "could not install $(strip $(MISSING)): building without" >&2

# oneDNN 3 beside the system's 2.6, for ONEDNN_ROOT=. Intel publishes headers and a
# library for libgomp as packages for Python, whose hashes pip checks. 2023.2.0, with
# oneDNN 3.2, is the last for libgomp: later ones need Intel's own compiler.
onednn3: $(ONEDNN3)/include/dnnl.hpp ## oneDNN 3.2 in the cache folder, to build with ONEDNN_ROOT=
	@echo "oneDNN 3.2: ONEDNN_ROOT=$(ONEDNN3)"

$(ONEDNN3)/include/dnnl.hpp:
	@rm -rf "$(ONEDNN3).part" && mkdir -p "$(ONEDNN3).part"
	@printf '%s\n' \
		"onednn-cpu-gomp==2023.2.0 --hash=sha256:2f22a54d6a890ed14bfa185d42a4be65d8b5b1df85dc1f0f3a9abe31620416fb" \
		"onednn-devel-cpu-gomp==2023.2.0 --hash=sha256:9763c69e8c907e119056bd52ad918ca84ac9ba939d130a99dfa95ccca3e5e284" | \
		$(PYTHON) -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
		--only-binary :all: --dest "$(ONEDNN3).part" --requirement /dev/stdin
	@cd "$(ONEDNN3).part" && for wheel in *.whl; do $(PYTHON) -m zipfile -e $$wheel . && rm $$wheel; done
	@cd "$(ONEDNN3).part" && mkdir root && cp -r *.data/data/* root && cd root/lib && \
		ln -sf libdnnl.so.3.2 libdnnl.so.3 && ln -sf libdnnl.so.3 libdnnl.so
	@rm -rf "$(ONEDNN3)" && mv "$(ONEDNN3).part/root" "$(ONEDNN3)" && rm -rf "$(ONEDNN3).part"

# A module of its own, so that Beam's packages are no part of the others. Their first build
# takes minutes, which is why .ci/run leaves it out.
test-beam: build ## the pipeline of Apache Beam, on its runner Prism
	bin/flowerctl runtime install
	cd beam && go vet $(TAGS) ./... && go test $(TAGS) $(TESTFLAGS) -timeout 30m ./...

test-onednn3: native ## kernels and networks on oneDNN 3.2, which it fetches
	@if $(MAKE) --no-print-directory onednn3; then \
		$(MAKE) --no-print-directory run-test ONEDNN_ROOT="$(ONEDNN3)" PACKAGES="./train/nn/..." && \
		bin/flowerctl --version | grep 'onednn 3'; \
		exit; \
	fi; \
	echo "could not fetch oneDNN 3 (it takes $(PYTHON) with pip, and a package registry): not tested with it" >&2; \
	case ",$$FLOWERCTL_REQUIRE," in *,onednn3,*) exit 1;; esac

test-cloud: build ## object stores, against an S3 server on this machine, and Parquet
	bin/flowerctl runtime install
	go test -tags=cloud -timeout 10m ./infer/objects/... ./infer/rows/... && \
	go test -tags=cloud -timeout 10m ./cmd/flowerctl -run TestCloudScripts

lint: ## gofmt, go vet, staticcheck
	@test -z "$$(gofmt -l .)" || { echo "not gofmt-ed:"; gofmt -l .; exit 1; }
	go vet $(TAGS) ./...
	go tool staticcheck $(TAGS) ./...

# go test runs one target at a time. FUZZ chooses among them, as go test -fuzz does.
FUZZ     ?= .
FUZZTIME ?= 1000000x
fuzz: ## every reader and request, FUZZTIME=1000000x each (hours), or those of a package: PACKAGES=./onnx [FUZZ=]
	@dirs=$$(go list -f '{{.Dir}}' $(PACKAGES)) || exit 1; newline=$$(printf '\n.'); IFS=$${newline%.}; \
	found=; for dir in $$dirs; do \
		for target in $$(cat "$$dir"/*_test.go 2>/dev/null | \
			sed -nE 's/^func (Fuzz[A-Za-z0-9]+)\(.*/\1/p' | grep -E '$(FUZZ)'); do \
			found=1; echo "== $$dir $$target"; \
			(cd "$$dir" && unset IFS && go test $(TAGS) -run '^$$' -fuzz "^$$target$$" \
				-fuzztime $(FUZZTIME) . </dev/null) || exit 1; \
		done; done; \
	[ -n "$$found" ] || { \
		echo "no fuzz target of PACKAGES=$(PACKAGES) has a name with FUZZ=$(FUZZ)" >&2; exit 1; }

bench: ## kernels by op and shape
	go test $(TAGS) -run '^$$' -bench . ./train/nn/kernel/...

bench-peer: build ## training steps against PyTorch, or PEER="--peer keras", table in bin/peer.md (PEER_PYTHON has it)
	$(PEER_PYTHON) fixtures/peer/compare.py --python $(PEER_PYTHON) --out bin/peer.md $(PEER)

bench-peer-infer: build ## answers against Pillow and onnxruntime (PEER_PYTHON has both): DATA=photos/ [MODEL= ROUNDS=]
	$(PEER_PYTHON) fixtures/peer/infer.py "$(DATA)" --model "$(or $(MODEL),model.onnx)" --rounds $(or $(ROUNDS),3)

# The peer needs a Python with fastapi, uvicorn[standard], onnxruntime and Pillow; its rows
# are left out without SERVE_PYTHON. Networks are not trained on purpose: their speed is
# the same. LOAD adds flags of serveload: LOAD="-soak 30m", LOAD="-rows fuzz".
SERVE_PYTHON ?=
bench-serve: build ## the server under load, table in bin/serve.md: DATA=photos/ [MODEL= TINY= SERVE_PYTHON= LOAD=]
	@for arch in v7-batchnorm tiny; do [ -e bin/serve/$$arch.onnx ] || { \
		bin/flowerctl train --arch $$arch --drawn 40 --epochs 1 --out bin/serve/$$arch --force && \
		bin/flowerctl export bin/serve/$$arch.onnx --run bin/serve/$$arch --force; } || exit 1; done
	go build -o bin/serveload ./fixtures/peer/serveload
	bin/serveload -data "$(DATA)" -model "$(or $(MODEL),bin/serve/v7-batchnorm.onnx)" \
		-tiny "$(or $(TINY),bin/serve/tiny.onnx)" $(if $(SERVE_PYTHON),-python $(SERVE_PYTHON)) $(LOAD)

# With docker, podman or buildah the image is built of deploy/Containerfile; without, its file
# system is assembled on this machine by the same script, and a server is asked in it.
ENGINE ?= $(shell for e in docker podman buildah; do $$e info >/dev/null 2>&1 && echo $$e && break; done)
image: ## the image, or its file system, and its compressed size: bin/image.tar.gz [ENGINE=]
	@mkdir -p bin
	@if [ -n "$(ENGINE)" ]; then deploy/image.sh "$(ENGINE)" bin/image.tar.gz; \
	else echo "no container engine: only the file system is assembled and tried"; \
		deploy/rootfs.sh bin/image && deploy/try.sh bin/image && \
		tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C bin/image -c . | \
		gzip -9n > bin/image.tar.gz; fi
	@du --apparent-size --block-size=1000 bin/image.tar.gz | awk '{ printf "%s: %.1f MB compressed\n", $$2, $$1/1000 }'

check-pixels: ## compare decoding and resizing of photographs with Pillow 9 to 12 (of PEER_PYTHON), by libjpeg-turbo and by Go: DATA=photos/
	PHOTOGRAPHS="$(abspath $(DATA))" PEER_PYTHON=$(PEER_PYTHON) go test $(TAGS) -count=1 -v -run Photographs ./infer/imageprep/
	PHOTOGRAPHS="$(abspath $(DATA))" PEER_PYTHON=$(PEER_PYTHON) go test -count=1 -v -run Photographs ./infer/imageprep/

# The model that predict uses where no other is named. It is trained on photographs that
# are not part of the project: folders daisy, dandelion, rose, sunflower and tulip. Rounded
# to fp16 it may answer one of the 166 images for validation otherwise, which is 0.6 points.
BUILTIN := infer/builtin/flowers.onnx
builtin: build ## train the built-in model again (a quarter of an hour), and verify it: DATA=photos/
	bin/flowerctl backbone fetch efficientnet-lite0
	bin/flowerctl train --data "$(DATA)" --from efficientnet-lite0 --val 0.05 --out bin/builtin/run --force
	bin/flowerctl export $(BUILTIN) --run bin/builtin/run --precision fp16-weights --max-accuracy-drop 1 \
		--license Apache-2.0 --force
	bin/flowerctl verify $(BUILTIN) --run bin/builtin/run --images 0 --max-accuracy-drop 1

# Built without the system's libraries, which the other machine may not have.
gpu-bundle: ## bin/bundle, a folder for a machine with an NVIDIA GPU: DATA=photos/ [MODEL=] [FP16=] [RUN=]
	go build -o bin/gpu/flowerctl ./cmd/flowerctl
	bin/gpu/flowerctl runtime install --cuda
	bin/gpu/flowerctl gpu bundle bin/bundle --data "$(DATA)" --model "$(or $(MODEL),model.onnx)" \
		--run "$(or $(RUN),runs/latest)" $(if $(FP16),--fp16 "$(FP16)") --parts --force

gpu-check: ## run the check in bin/bundle; needs neither Go nor a network
	bin/bundle/flowerctl gpu check

clean: ## remove what make wrote
	rm -rf bin $(DEMO)
