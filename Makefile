# The two commands of a newcomer: `make run` and `make test`. Both set up what is missing.
PYTHON ?= python3
PORT ?= 8069
DEV = $(PYTHON) -m dev

.PHONY: help run demo test load lint shell images i18n stop reset

help:  ## this list
	@sed -n 's/^\([a-z0-9]*\):.*## /make \1\t/p' Makefile | expand -t 14

run:  ## set up, make the demo company, bill a cycle, serve http://localhost:8069 (PORT=8070)
	@$(DEV) run --port $(PORT)

demo:  ## make the demo company anew (CUSTOMERS=3000)
	@$(DEV) demo $(if $(CUSTOMERS),--customers $(CUSTOMERS))

test:  ## run every test (ADDON=iaas_contract: only that addon's)
	@$(DEV) test $(if $(ADDON),--addon $(ADDON))

load:  ## measure how fast usage comes in (EVENTS=100000)
	@$(PYTHON) -m tests.load $(if $(EVENTS),--events $(EVENTS))

lint:  ## run every linter
	@$(DEV) lint

shell:  ## Odoo's shell on the demo company
	@$(DEV) shell

images:  ## take the screenshots of docs/images again
	@$(DEV) images

i18n:  ## write the translation templates
	@$(DEV) i18n

stop:  ## stop the server and the database cluster
	@$(DEV) stop

reset:  ## stop, and remove everything that set-up made
	@$(DEV) reset
