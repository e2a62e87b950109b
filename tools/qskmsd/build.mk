# SPDX-License-Identifier: GPL-2.0-only
#
# The key service: qskmsd, qskms for its operators, and their tests. Included by
# tools/Makefile.

KMS_PC	 := libevent libssl libcrypto sqlite3 libpq libcurl
KMS	 := $(shell $(PKG_CONFIG) --cflags $(KMS_PC))
KMS_LIBS := $(shell $(PKG_CONFIG) --libs $(KMS_PC)) $(JSON_LIBS) -lpthread

QSKMSD_OBJS := $(patsubst $(SRC)/%.c,$(OBJ)/%.o,$(wildcard $(SRC)/qskmsd/*.c))
QSKMS_OBJS  := $(patsubst $(SRC)/%.c,$(OBJ)/%.o,$(wildcard $(SRC)/qskms/*.c))
# All of qskmsd but main(), for the tests
QSKMSD_PARTS := $(filter-out %/main.o,$(QSKMSD_OBJS))
# Of the tests: test_*.c are unit tests, kms_*.c programs of the shell tests
KMS_TESTS   := $(patsubst $(SRC)/tests/kms/%.c,$(OUT)/tests/kms/%,\
		 $(wildcard $(SRC)/tests/kms/test_*.c))
KMS_HELPERS := $(patsubst $(SRC)/tests/kms/%.c,$(OUT)/tests/kms/%,\
		 $(wildcard $(SRC)/tests/kms/kms_*.c))
KMS_SHARED  := $(patsubst $(SRC)/tests/kms/%.c,$(OBJ)/tests/kms/%.o,\
		 $(filter-out $(SRC)/tests/kms/test_% $(SRC)/tests/kms/kms_% \
			      $(SRC)/tests/kms/preload_%,$(wildcard $(SRC)/tests/kms/*.c)))

all: $(OUT)/qskmsd $(OUT)/qskms
tests: $(KMS_TESTS) $(KMS_HELPERS) $(OUT)/tests/kms/preload_faults.so

$(OBJ)/qskmsd/%.o: QSC_CFLAGS += -I$(SRC) $(KMS)
$(OBJ)/qskms/%.o: QSC_CFLAGS += -I$(SRC) $(KMS)
$(OBJ)/tests/kms/%.o: QSC_CFLAGS += -I$(SRC) -I$(SRC)/qskmsd $(KMS)

$(OUT)/qskmsd: $(QSKMSD_OBJS) $(OUT)/libqsc.a $(OUT)/libqsckeys.a
	$(call say,LD,$@)
	$(Q)$(CC) -pie $(QSC_LDFLAGS) $^ $(KMS_LIBS) -o $@

$(OUT)/qskms: $(QSKMS_OBJS) $(OUT)/libqsc.a $(OUT)/libqsckeys.a
	$(call say,LD,$@)
	$(Q)$(CC) -pie $(QSC_LDFLAGS) $^ $(JSON_LIBS) $(CRYPTO_LIBS) -o $@

$(OUT)/tests/kms/%: $(OBJ)/tests/kms/%.o $(KMS_SHARED) $(QSKMSD_PARTS) $(OUT)/libqsc.a \
		    $(OUT)/libqsckeys.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -pie $(QSC_LDFLAGS) $(WRAP) $^ $(KMS_LIBS) -lcmocka -o $@

# Loaded into the service as it is, never sanitized: it stands in for the C library.
$(OUT)/tests/kms/preload_%.so: $(SRC)/tests/kms/preload_%.c
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -shared -fPIC $(WARN) $(CFLAGS) $< -o $@ -ldl

-include $(QSKMSD_OBJS:.o=.d) $(QSKMS_OBJS:.o=.d) $(wildcard $(OBJ)/tests/kms/*.d)
