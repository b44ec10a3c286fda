# Two commands do everything: `make run` and `make test`. Each sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: run test lint types imports unit systemd docs screen screen-check screen-types browser chromium pictures samples test-vllm format clean fuzz audit lock

run: $(STAMP) screen
	@$(BIN)/python -m venom_modeld try

test: lint types imports docs screen-check unit browser systemd

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell

types: $(STAMP)
	$(BIN)/mypy

imports: $(STAMP)
	$(BIN)/lint-imports --no-cache

unit: $(STAMP) screen
	@rm -f .coverage .coverage.*
	$(BIN)/python -m coverage run -m pytest --numprocesses 4 --dist worksteal --ignore=tests/systemd
	$(BIN)/python -m coverage combine -q
	$(BIN)/python -m coverage report --include='venom_modeld/core/*' --fail-under=100
	$(BIN)/python -m coverage report --fail-under=95

# The service on a host that is thrown away, one for all of these tests: by root, where systemd is installed.
systemd: $(STAMP)
	$(BIN)/python -m pytest tests/systemd --timeout 300

# The documentation as a site, in build/docs; a link or a page that is lost is an error.
docs: $(STAMP)
	@$(BIN)/python -m mkdocs build --quiet --strict

# The page at /models is built with Node.js. Without it the daemon works, and that page says how to build it.
SCREEN := venom_modeld/screen/index.html
MODULES := screen/node_modules/.installed
HAS_NODE := node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(Number(a * 100 + b < 2019))' 2>/dev/null
NO_NODE := Node.js 20.19 or newer is not installed, so the screen is neither built nor tested.

screen:
	@if $(HAS_NODE); then $(MAKE) --no-print-directory $(SCREEN); else echo '$(NO_NODE)'; fi

$(SCREEN): $(MODULES) $(shell find screen -name node_modules -prune -o -name test-results -prune -o -type f -print)
	@cd screen && npm run --silent build -- --logLevel warn

$(MODULES): screen/package-lock.json
	@cd screen && npm ci --silent
	@touch $@

screen-check:
	@if $(HAS_NODE); then $(MAKE) --no-print-directory $(MODULES) && cd screen && npm run --silent check; else echo '$(NO_NODE)'; fi

# What the page knows of the API, made from the API itself.
screen-types: $(STAMP) $(MODULES)
	$(BIN)/python -m tests.screen.schema | (cd screen && npm run --silent types > node_modules/.schema.d.ts)
	mv screen/node_modules/.schema.d.ts screen/src/api/schema.d.ts

# The page in a real browser, on the real daemon. Ports are free ones, and each test has its own file and processes.
browser: $(STAMP) screen
	@if $(HAS_NODE); then $(MAKE) --no-print-directory chromium && cd screen && npm run --silent browser; else echo '$(NO_NODE)'; fi

pictures: $(STAMP) screen chromium
	@mkdir -p docs/images
	cd screen && VENOM_MODELD_PICTURES=../docs/images npm run --silent browser
	@if command -v pngquant >/dev/null; then pngquant --force --skip-if-larger --ext .png docs/images/*.png; fi

CHROMIUM ?= /usr/bin/chromium
export CHROMIUM

NO_CHROMIUM := The tests of the screen need a browser: install chromium, or name one with CHROMIUM=/path/to/it.
APT_CHROMIUM := apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium

chromium:
	@if [ ! -x '$(CHROMIUM)' ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "The tests of the screen need a browser: installing Debian's chromium."; \
		($(APT_CHROMIUM)) >/dev/null || :; \
	fi
	@[ -x '$(CHROMIUM)' ] || { echo '$(NO_CHROMIUM)' >&2; exit 1; }

# Real pages and answers, which are no part of the project: make samples SAMPLES=FOLDER
samples: $(STAMP)
	@$(BIN)/python tests/tools/samples.py "$(SAMPLES)"

# The daemon with a real vLLM, in an environment of its own that is built once: 4 GB, and a quarter of an hour each time.
VLLM ?= var/live-vllm

test-vllm: $(STAMP)
	@PYTHON='$(PYTHON)' tests/live_vllm/setup '$(VLLM)'
	VENOM_MODELD_LIVE_VLLM='$(VLLM)' $(BIN)/python -m pytest --numprocesses 0 tests/live_vllm

# Strangers' requests and answers, many more of them than `make test` tries: make fuzz CASES=20000
CASES ?= 2000
TOOLS := var/tools
REQUESTS ?= 200
# By design: a name of the right form may name nothing, other methods are refused by the guard before they are looked
# at, the stream of events has no end, and /readyz says no by 503.
NOT_MEANT := positive_data_acceptance,unsupported_method,allow_header_conformance
NOT_ASKED := /api/v1/events /readyz

fuzz: $(STAMP) $(TOOLS)/.installed
	VENOM_FUZZ_CASES=$(CASES) $(BIN)/python -m pytest --override-ini timeout=0 tests/security -k fuzz
	$(BIN)/python -m tests.security.served '$(CURDIR)/$(TOOLS)/bin/schemathesis' run '{url}/openapi.json' \
		--max-examples $(REQUESTS) --checks all --exclude-checks $(NOT_MEANT) $(NOT_ASKED:%=--exclude-path %)

# Whether anything that is installed with the program has a known weakness. Needs the advisory service of PyPI.
audit: $(TOOLS)/.installed
	$(TOOLS)/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements-release.txt

# The versions that a release is tried with, and the hashes of their files; made anew where constraints.txt changed.
lock: $(TOOLS)/.installed
	$(TOOLS)/bin/uv pip compile --quiet --generate-hashes --python-version 3.11 --python-platform linux \
		--no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' \
		--extra notify --constraint constraints.txt --output-file requirements-release.txt pyproject.toml

# Tools that are needed now and then have an environment of their own, so that no set-up waits for them.
$(TOOLS)/.installed: constraints.txt
	@mkdir -p var
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt pip-audit schemathesis uv
	@touch $@

# What takes too long for every day; each prints its figures. See docs/reference/reliability.md.
.PHONY: chaos soak load
RUNS ?= 20
SEED ?= 1
MINUTES ?= 60

chaos: $(STAMP)
	@$(BIN)/python -m tests.proof.chaos --runs $(RUNS) --seed $(SEED)

soak: $(STAMP)
	@$(BIN)/python -m tests.proof.soak --minutes $(MINUTES)

load: $(STAMP)
	@$(BIN)/python -m tests.proof.load

# What is claimed about speed, measured against floors and a peer in the same run: make bench [CLAIMS="cycle api"]
.PHONY: bench bench-vllm peers
PEERS := var/peers
PEER := ollama-herd==0.11.4

bench: $(STAMP) peers
	@$(BIN)/python -m bench $(CLAIMS)

# The same for a real vLLM, in the environment of `make test-vllm`.
bench-vllm: $(STAMP)
	@PYTHON='$(PYTHON)' tests/live_vllm/setup '$(VLLM)'
	@VENOM_MODELD_LIVE_VLLM='$(abspath $(VLLM))' $(BIN)/python -m bench vllm

# Where a daemon's time goes, as docs/explanation/performance.md shows it.
.PHONY: flame
flame: $(STAMP) $(TOOLS)/bin/py-spy
	@$(BIN)/python -m bench.flame $(TOOLS)/bin/py-spy docs/images/flame.svg

$(TOOLS)/bin/py-spy: $(TOOLS)/.installed
	$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt py-spy
	@touch $@

# The peer has an environment of its own; where it cannot be had the rest is measured without it.
peers: $(STAMP)
	@[ -e $(PEERS)/.installed ] || { $(PYTHON) -m venv $(PEERS) \
		&& $(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check '$(PEER)' && touch $(PEERS)/.installed; } \
		|| { rm -rf $(PEERS); echo '$(PEER) cannot be installed here; nothing is compared with it.' >&2; }

format: $(STAMP)
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $(STAMP)

clean:
	rm -rf $(VENV) var dist build .coverage* venom_modeld/screen screen/node_modules screen/test-results
