# Every command makes .venv and installs the locked versions first, when they have changed: see packaging/dev.py.
# Arguments for the program go into ARGS: make test ARGS="-k resolver".

PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
ARGS ?=

TARGETS := help run demo test test-packaged test-installer test-interop hello lint check coverage package lock setup

.PHONY: $(TARGETS)

$(TARGETS):
	@test -n "$(PYTHON)" || { echo "Muster needs Python 3.11 or newer: sudo apt-get install --yes python3.11" >&2; exit 1; }
	@$(PYTHON) packaging/dev.py $@ $(ARGS)
