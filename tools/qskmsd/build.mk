# SPDX-License-Identifier: GPL-2.0-only
#
# The key service: qskmsd, qskms for its operators, and their tests. Included by
# tools/Makefile.

KMS_PC	 := libevent libssl libcrypto sqlite3 libpq libcurl
KMS	 := $(shell $(PKG_CONFIG) --cflags $(KMS_PC))
KMS_LIBS := $(shell $(PKG_CONFIG) --libs $(KMS_PC)) $(JSON_LIBS) -lpthread

QSKMSD_OBJS := $(patsubst $(SRC)/%.c,$(OBJ)/%.o,$(wildcard $(SRC)/qskmsd/*.c)) $(COMMON_OBJS)
QSKMS_OBJS  := $(patsubst $(SRC)/%.c,$(OBJ)/%.o,$(wildcard $(SRC)/qskms/*.c))
# All of qskmsd but main(), for the tests
QSKMSD_PARTS := $(filter-out %/main.o,$(QSKMSD_OBJS))
# Programs of the shell tests, and what they share with the unit tests
KMS_HELPERS := $(patsubst $(SRC)/tests/kms/%.c,$(OUT)/tests/kms/%,\
		 $(wildcard $(SRC)/tests/kms/kms_*.c)) \
	       $(patsubst $(SRC)/tests/kms/%.c,$(OUT)/tests/kms/%.so,\
		 $(wildcard $(SRC)/tests/kms/preload_*.c))
KMS_SHARED  := $(addprefix $(OBJ)/tests/kms/,cards.o client.o)

all: $(OUT)/qskmsd $(OUT)/qskms
kms-helpers: $(OUT)/qskmsd $(OUT)/qskms $(KMS_HELPERS)

$(OBJ)/common/%.o: QSC_CFLAGS += -I$(SRC) $(KMS)
$(OBJ)/qskmsd/%.o: QSC_CFLAGS += -I$(SRC) -I$(SRC)/common $(KMS)
$(OBJ)/qskms/%.o: QSC_CFLAGS += -I$(SRC) -I$(SRC)/common $(KMS)
$(OBJ)/tests/kms/%.o: QSC_CFLAGS += -I$(SRC) -I$(SRC)/common -I$(SRC)/qskmsd $(KMS)
$(OBJ)/tests/test_kms_%.o: QSC_CFLAGS += -I$(SRC) -I$(SRC)/common -I$(SRC)/qskmsd $(KMS)

$(OUT)/qskmsd: $(QSKMSD_OBJS) $(OUT)/libqsc.a $(OUT)/libqsckeys.a
	$(call say,LD,$@)
	$(Q)$(CC) -pie $(QSC_LDFLAGS) $^ $(KMS_LIBS) -o $@

$(OUT)/qskms: $(QSKMS_OBJS) $(OUT)/libqsc.a $(OUT)/libqsckeys.a
	$(call say,LD,$@)
	$(Q)$(CC) -pie $(QSC_LDFLAGS) $^ $(JSON_LIBS) $(CRYPTO_LIBS) -o $@

$(OUT)/tests/kms/kms_%: $(OBJ)/tests/kms/kms_%.o $(KMS_SHARED) $(QSKMSD_PARTS) \
			$(OUT)/libqsc.a $(OUT)/libqsckeys.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -pie $(QSC_LDFLAGS) $^ $(KMS_LIBS) -o $@

$(OUT)/tests/test_kms_%: $(OBJ)/tests/test_kms_%.o $(KMS_SHARED) $(QSKMSD_PARTS) \
			 $(OUT)/libqsc.a $(OUT)/libqsckeys.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -pie $(QSC_LDFLAGS) $(WRAP) $^ $(KMS_LIBS) -lcmocka -o $@

# Random numbers that are known, or fail
$(OUT)/tests/test_kms_source: WRAP := -Wl,--wrap=getrandom

# Loaded into the service in front of the C library
$(OUT)/tests/kms/preload_%.so: $(SRC)/tests/kms/preload_%.c
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -shared -fPIC $(WARN) $(CFLAGS) $< -o $@ -ldl

UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d

install: install-kms
install-kms: $(OUT)/qskmsd $(OUT)/qskms
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(MANDIR)/man8 $(DESTDIR)$(UNITDIR) \
		$(DESTDIR)$(SYSUSERSDIR)
	$(INSTALL) -m 755 $(OUT)/qskmsd $(OUT)/qskms $(DESTDIR)$(PREFIX)/sbin
	$(INSTALL) -m 644 $(TOP)/Documentation/man/qskmsd.8 $(TOP)/Documentation/man/qskms.8 \
		$(DESTDIR)$(MANDIR)/man8
	sed 's|@PREFIX@|$(PREFIX)|' $(SRC)/qskmsd/qskmsd.service.in \
		> $(DESTDIR)$(UNITDIR)/qskmsd.service
	$(INSTALL) -m 644 $(SRC)/qskmsd/qskmsd.sysusers $(DESTDIR)$(SYSUSERSDIR)/qskmsd.conf

.PHONY: kms-helpers install-kms

-include $(QSKMSD_OBJS:.o=.d) $(QSKMS_OBJS:.o=.d) $(wildcard $(OBJ)/tests/kms/*.d)
