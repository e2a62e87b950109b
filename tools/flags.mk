# SPDX-License-Identifier: GPL-2.0-only
#
# How all of user space is compiled. TOP is the top folder.
#
#   V=1       show the commands
#   WERROR=1  a warning is an error
#   SAN=1     with the address and undefined-behaviour sanitizers

CFLAGS	?= -O2 -g
WARN	:= -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wvla
HARDEN	:= -fstack-protector-strong -fstack-clash-protection -fcf-protection

# -fcf-protection is for x86 only
ifneq ($(shell $(CC) -fcf-protection -x c -c /dev/null -o /dev/null 2>/dev/null && echo y),y)
HARDEN	:= $(filter-out -fcf-protection,$(HARDEN))
endif
ifneq ($(findstring -O,$(CFLAGS)),)
HARDEN	+= -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif
ifeq ($(WERROR),1)
WARN	+= -Werror
endif
ifeq ($(SAN),1)
HARDEN	:= -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif

say = @:
ifneq ($(V),1)
Q := @
ifeq ($(findstring s,$(firstword -$(MAKEFLAGS))),)
say = @printf '  %-7s %s\n' $(1) $(patsubst $(TOP)/%,%,$(2))
endif
endif
