# Two commands do everything: `make run` and `make test`. Each sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: run test lint types imports unit screen screen-check screen-types browser chromium pictures samples format clean

run: $(STAMP) screen
	@$(BIN)/python -m venom_modeld try

test: lint types imports screen-check unit

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
	$(BIN)/python -m coverage run -m pytest --numprocesses 2 --dist worksteal
	$(BIN)/python -m coverage combine -q
	$(BIN)/python -m coverage report --include='venom_modeld/core/*' --fail-under=97
	$(BIN)/python -m coverage report --fail-under=90

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

# The page in a real browser, on the real daemon.
browser: $(STAMP) screen
	@if $(HAS_NODE); then $(MAKE) --no-print-directory chromium && cd screen && npm run --silent browser; else echo '$(NO_NODE)'; fi

pictures: $(STAMP) screen chromium
	@mkdir -p docs/images
	cd screen && VENOM_MODELD_PICTURES=../docs/images npm run --silent browser
	@if command -v pngquant >/dev/null; then pngquant --force --skip-if-larger --ext .png docs/images/*.png; fi

CHROMIUM ?= /usr/bin/chromium
export CHROMIUM

chromium:
	@if [ -x '$(CHROMIUM)' ]; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "The tests of the screen need a browser: installing Debian's chromium."; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium >/dev/null; \
	else \
		echo "The tests of the screen need a browser: install chromium, or name one with CHROMIUM=/path/to/it." >&2; exit 1; \
	fi

# Real pages and answers, which are no part of the project: make samples SAMPLES=FOLDER
samples: $(STAMP)
	@$(BIN)/python tests/tools/samples.py "$(SAMPLES)"

format: $(STAMP)
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $(STAMP)

clean:
	rm -rf $(VENV) var dist build .coverage* venom_modeld/screen screen/node_modules screen/test-results
