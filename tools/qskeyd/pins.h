/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * PINs of cards, and what is known of them. A PIN that a card refused is not
 * shown to it again: three of these and the card is dead. Any thread.
 */
#ifndef _QSKEYD_PINS_H
#define _QSKEYD_PINS_H

#include <stdbool.h>
#include <stdint.h>

#include "card.h"

struct pins;

/* @file: with the PIN of cards that nobody has unlocked, or NULL */
struct pins *pins_new(const char *file);
void pins_free(struct pins *pins);

/**
 * pins_get() - the PIN of a card
 * @pins: from pins_new()
 * @card: number
 * @pin: out, at least %QSC_CARD_PIN_MAX + 1 bytes of secret memory
 * @why: out
 *
 * Return: 0, -ENOKEY if nobody has told it, -EKEYREJECTED if the card has
 * refused it before, or another errno if the file cannot be read
 */
int pins_get(struct pins *pins, uint64_t card, char *pin, struct qsc_why *why);

/* What the card said to @pin. A good one is kept, whoever it came from. */
int pins_tried(struct pins *pins, uint64_t card, const char *pin, bool good);

/* Whether the card has taken the PIN that pins_get() would give. */
bool pins_known_good(struct pins *pins, uint64_t card);

/* Forget it: the card may be another one, or have another PIN now. */
void pins_forget(struct pins *pins, uint64_t card);

#endif /* _QSKEYD_PINS_H */
