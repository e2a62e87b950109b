# SPDX-License-Identifier: GPL-2.0-only
#
# qskeyd, the helper between card, key service and kernel, and its tests.
# Included by tools/Makefile, after that of the key service.

KEYD_PC	 := libevent libevent_openssl libssl libcrypto libpcsclite
KEYD	 := $(shell $(PKG_CONFIG) --cflags $(KEYD_PC))
KEYD_LIBS := $(shell $(PKG_CONFIG) --libs $(KEYD_PC)) $(NL_LIBS) $(JSON_LIBS) -lpthread

# The card in a file is built here, too, so that make -j may build both folders
# at the same time.
CARD_SRC  := $(TOP)/firmware-keys/lib
CARD_OBJS := $(patsubst $(CARD_SRC)/%.c,$(OBJ)/card/%.o,$(wildcard $(CARD_SRC)/*.c))
QSKEYD_OBJS := $(patsubst $(SRC)/%.c,$(OBJ)/%.o,$(wildcard $(SRC)/qskeyd/*.c)) \
	       $(COMMON_OBJS) $(CARD_OBJS)
# All of qskeyd but main(), for the tests
QSKEYD_PARTS := $(filter-out %/qskeyd/main.o,$(QSKEYD_OBJS))
KEYD_ARCHIVES := $(OUT)/libqsc.a $(OUT)/libqsckeys.a

KEYD_INCLUDES := -I$(SRC) -I$(SRC)/common -I$(SRC)/keys -I$(TOP)/firmware-keys $(KEYD)

all: $(OUT)/qskeyd

$(OBJ)/qskeyd/%.o: QSC_CFLAGS += $(KEYD_INCLUDES)
$(OBJ)/card/%.o: QSC_CFLAGS += $(KEYD_INCLUDES)
$(OBJ)/card/%.o: $(CARD_SRC)/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(QSC_CFLAGS) -c $< -o $@

$(OUT)/qskeyd: $(QSKEYD_OBJS) $(KEYD_ARCHIVES)
	$(call say,LD,$@)
	$(Q)$(CC) -pie $(QSC_LDFLAGS) $^ $(KEYD_LIBS) -o $@

-include $(QSKEYD_OBJS:.o=.d)
