// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Reading, writing and syncing of an image, and what to say when it fails. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <sys/file.h>

#include "internal.h"

static const char *remedy(int err)
{
	switch (err) {
	case ENOSPC:
	case EDQUOT:
		return "make room on that disk, then start again";
	case EROFS:
		return "make that disk writable again: after an error the kernel may have made it "
		       "read-only, see its log";
	default:
		return "look for disk errors in the log of the kernel";
	}
}

int card_check_failed(const struct qsc_card *card, struct qsc_why *why)
{
	if (!card->failed)
		return 0;
	return qsc_why(why, -EIO,
		       "%s: an earlier write failed, so no key is given until the card is "
		       "started again on a disk that works",
		       card->path);
}

int card_read(struct qsc_card *card, uint64_t at, void *data, size_t len, struct qsc_why *why)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = pread(card->fd, (char *)data + have, len - have, (off_t)(at + have));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return qsc_why(why, -EIO,
				       "cannot read %s at byte %llu: %s; look for disk errors in "
				       "the log of the kernel",
				       card->path, (unsigned long long)at, strerror(errno));
		if (!n)
			return qsc_why(why, -EBADMSG,
				       "%s ends at byte %llu, which belongs to the card: it was "
				       "cut short",
				       card->path, (unsigned long long)at + have);
		have += (size_t)n;
	}
	return 0;
}

int card_write(struct qsc_card *card, uint64_t at, const void *data, size_t len,
	       struct qsc_why *why)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n =
			pwrite(card->fd, (const char *)data + done, len - done, (off_t)(at + done));
		int err = n ? errno : ENOSPC;

		if (n < 0 && err == EINTR)
			continue;
		if (n <= 0) {
			/* Refused before anything was written, unless it is the disk. */
			if (done || err == EIO)
				card->failed = true;
			return qsc_why(why, -EIO, "cannot write %s at byte %llu: %s; %s",
				       card->path, (unsigned long long)at, strerror(err),
				       remedy(err));
		}
		card->dirty = true;
		done += (size_t)n;
	}
	return 0;
}

/*
 * After a sync that failed, the kernel may take the pages for clean: a second
 * one would succeed and prove nothing.
 */
int card_sync(struct qsc_card *card, struct qsc_why *why)
{
	if (!fdatasync(card->fd)) {
		card->dirty = false;
		return 0;
	}
	card->failed = true;
	return qsc_why(why, -EIO, "cannot store %s on its disk: %s; %s", card->path,
		       strerror(errno), remedy(errno));
}

int card_reserve(struct qsc_card *card, struct qsc_why *why)
{
	int err = posix_fallocate(card->fd, 0, (off_t)slot_offset(card, card->total));

	if (!err)
		return 0;
	return qsc_why(why, -err, "there is no room for the %llu bytes of %s: %s; %s",
		       (unsigned long long)slot_offset(card, card->total), card->path,
		       strerror(err), remedy(err));
}

int card_lock(struct qsc_card *card, struct qsc_why *why)
{
	if (!flock(card->fd, LOCK_EX | LOCK_NB))
		return 0;
	if (errno == EWOULDBLOCK)
		return qsc_why(why, -EBUSY,
			       "%s is in use by another program: a card can be in one reader only",
			       card->path);
	return qsc_why(why, -errno, "cannot lock %s: %s; put it on a file system with locks",
		       card->path, strerror(errno));
}
