# SPDX-License-Identifier: GPL-2.0
#
# make help tells what there is. The module itself is built by kbuild, which
# reads Kbuild, not this file.

KDIR	?= /lib/modules/$(shell uname -r)/build
PREFIX	?= /usr/local
DESTDIR	?=

MAKEFLAGS += --no-print-directory

# Folders with a Makefile for user space
TOOLS	:= $(patsubst %/Makefile,%,$(wildcard tools/Makefile firmware-keys/Makefile))
TESTS	:= $(patsubst %/Makefile,%,$(wildcard selftests/qsc/Makefile))

# Debian's headers ask for type information (BTF) but not for pahole.
KBUILD	= $(MAKE) -C $(KDIR) M=$(CURDIR) \
	  $(if $(shell command -v pahole),,CONFIG_DEBUG_INFO_BTF_MODULES=)

ifneq ($(wildcard $(KDIR)/Makefile),)
have_kernel := y
endif
define no_kernel
	@echo "No module: there are no kernel headers at $(KDIR)."
	@echo "Install linux-headers-$$(uname -r), or name those of another kernel: make KDIR=..."
	@echo "(make demo and make check fetch kernels of their own and need neither.)"
endef

all: module tools

module:
ifeq ($(have_kernel),y)
	$(KBUILD) modules
else
	$(no_kernel)
endif

tools: $(TOOLS:=/all)
tests: $(TESTS:=/all)
$(TESTS:=/all): tools
# Of user space: unit tests, and what tests of the daemons talk to them with
units: tools
	$(MAKE) -C tools tests kms-helpers keyd-helpers
	$(MAKE) -C firmware-keys tests
%/all:
	$(MAKE) -C $*

packages:
	@selftests/lib/packages

demo: packages
	@$(MAKE) -s tools
	@selftests/demo/run

# selftests/check builds what it tests, and counts a failed build.
check: packages
	@selftests/check

check-quick: packages
	@QUICK=1 selftests/check

check-full: packages
	@QSC_FULL=1 selftests/check

check-erasure: packages
	@selftests/erasure/all

mutants: packages
	@$(MAKE) -s tools tests
	@status=0; for m in run wipes; do selftests/mutants/$$m || status=1; done; exit $$status

coverage: packages
	@$(MAKE) -s tools tests
	@selftests/coverage/run

bench: packages
	@$(MAKE) -s tools tests
	@status=0; for b in run relay scale erase kms card; do selftests/bench/$$b || status=1; done; exit $$status

format:
	@find kmod uapi $(TOOLS) selftests/qsc selftests/fuzz selftests/erasure -name '*.[ch]' ! -name '*.mod.c' \
		-exec clang-format -i {} +

install: install-module install-tools

install-module:
ifeq ($(have_kernel),y)
	$(KBUILD) $(if $(DESTDIR),INSTALL_MOD_PATH=$(DESTDIR)) modules_install
else
	$(no_kernel)
endif

install-tools:
	@set -e; for d in $(TOOLS); do \
		$(MAKE) -C $$d install DESTDIR=$(DESTDIR) PREFIX=$(PREFIX); \
	done

clean:
	@for d in $(TOOLS) $(TESTS); do $(MAKE) -s -C $$d clean; done
ifeq ($(have_kernel),y)
	@$(KBUILD) clean
endif
	rm -rf out

help:
	@echo 'Build'
	@echo '  all (default)  qsc.ko for the kernel at KDIR, and the tools'
	@echo '  module, tools  one of the two'
	@echo '  install        both, the module below /lib/modules (for kernels to come as'
	@echo '                 well: dkms add . && dkms install qsc/VERSION)'
	@echo '  install-module, install-tools'
	@echo '                 one of the two'
	@echo '  clean          remove all that was built, and all results'
	@echo
	@echo 'Try and test, in virtual machines; missing packages are installed first'
	@echo '  demo           a secure call, and what the wire shows of it'
	@echo '  check          the tests, on stock kernels and on some that look for bugs'
	@echo '  check-quick    those on the source, and the quick ones on one kernel'
	@echo '  check-full     every test on every kernel, fuzzers for long: hours'
	@echo '  check-erasure  look for the keys of calls in all of the memory, after each event'
	@echo '                 that ends them, on every kernel'
	@echo '  mutants        break the module on purpose, and see the tests notice'
	@echo '  coverage       how much of the module its tests run'
	@echo '  bench          instructions per packet, of relaying too, with rtpengine and libsrtp to'
	@echo '                 compare; speed and size of the key service, and of cards; to'
	@echo '                 out/bench.json'
	@echo
	@echo 'Look after the source'
	@echo '  format         clang-format of all C code'
	@echo
	@echo 'Variables'
	@echo '  KDIR=          headers or build folder of a kernel (the running one)'
	@echo '  PREFIX=        where the tools go (/usr/local)'
	@echo '  DESTDIR=       a root to install into, for packages'
	@echo
	@echo 'A command in a virtual machine with the module: selftests/rig/run -- COMMAND'

.PHONY: all module tools tests units packages demo check check-quick check-full check-erasure mutants coverage bench format
.PHONY: install install-module install-tools clean help
