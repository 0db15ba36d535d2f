"""What stands behind the Makefile: set-up, demo, server and tests on one machine.

Standard library only, because it runs before anything is installed. All state lives
in one ignored folder (``.iaas``), so that removing it undoes all.
"""
