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

# ---------------------------------------------------------------------- tests
# qskeyd above a kernel of the tests' own, see tests/keyd/standin.c
STANDIN_WRAPS := open close last_error subscribe event_fd event_wait call_new call_del \
		 call_get call_set key_revoke session_set session_activate
KEYD_HELPERS := $(OUT)/tests/keyd/qskeyd

keyd-helpers: $(OUT)/qskeyd $(OUT)/qsctl $(KEYD_HELPERS)

$(OBJ)/tests/keyd/%.o: QSC_CFLAGS += -I$(SRC)/qskeyd $(KEYD_INCLUDES)
$(OUT)/tests/keyd/qskeyd: $(QSKEYD_OBJS) $(OBJ)/tests/keyd/standin.o $(KEYD_ARCHIVES)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -pie $(QSC_LDFLAGS) $(STANDIN_WRAPS:%=-Wl,--wrap=qsc_%) $^ $(KEYD_LIBS) -o $@

.PHONY: keyd-helpers

$(OBJ)/tests/test_keyd_%.o: QSC_CFLAGS += -I$(SRC)/qskeyd $(KEYD_INCLUDES)
$(OUT)/tests/test_keyd_%: $(OBJ)/tests/test_keyd_%.o $(QSKEYD_PARTS) $(KEYD_ARCHIVES)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -pie $(QSC_LDFLAGS) $(WRAP:%=-Wl,--wrap=%) $(filter %.o,$^) $(KEYD_ARCHIVES) \
		$(KEYD_LIBS) -lcmocka -o $@

# These look at what is freed, or else is left; one of them when the real main() has run.
$(addprefix $(OUT)/tests/test_keyd_,control heap): $(FREED)
$(addprefix $(OUT)/tests/test_keyd_,main traces): $(LEFTOVER)
$(OUT)/tests/test_keyd_heap: WRAP := free
$(OUT)/tests/test_keyd_main: $(OBJ)/qskeyd/main.o
$(OUT)/tests/test_keyd_main: WRAP := main protect_process

# What is asked of cards, calls, service and kernel, these answer themselves.
PCSC_WRAPS := $(addprefix SCard,Connect BeginTransaction EndTransaction Disconnect Transmit)
$(OUT)/tests/test_keyd_visit: WRAP := $(PCSC_WRAPS)
$(OUT)/tests/test_keyd_traces: WRAP := $(PCSC_WRAPS) qsc_card_draw_many
$(OUT)/tests/test_keyd_control: WRAP := free control_pin call_abandon
$(OUT)/tests/test_keyd_exchange: WRAP := \
	$(addprefix cards_,submit keep_spare take_spare) $(addprefix link_,new free send) \
	dial_start dial_cancel dialer_service
$(OUT)/tests/test_keyd_call: WRAP := \
	$(addprefix exchange_,start free rebind say say_last) \
	$(addprefix feed_,call_new call_del revoke lifetime has_call waits peer_uses session activate)

# -------------------------------------------------------------------- install
install: install-keyd
install-keyd: $(OUT)/qskeyd
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man8 \
		$(DESTDIR)$(UNITDIR) $(DESTDIR)$(SYSUSERSDIR)
	$(INSTALL) -m 755 $(OUT)/qskeyd $(DESTDIR)$(PREFIX)/sbin
	$(INSTALL) -m 644 $(TOP)/Documentation/man/qskeyd.8 $(DESTDIR)$(MANDIR)/man8
	$(INSTALL) -m 644 $(TOP)/Documentation/man/qskeyd.conf.5 $(DESTDIR)$(MANDIR)/man5
	sed 's|@PREFIX@|$(PREFIX)|' $(SRC)/qskeyd/qskeyd.service.in \
		> $(DESTDIR)$(UNITDIR)/qskeyd.service
	$(INSTALL) -m 644 $(SRC)/qskeyd/qskeyd.sysusers $(DESTDIR)$(SYSUSERSDIR)/qskeyd.conf

.PHONY: install-keyd
