// SPDX-License-Identifier: GPL-2.0
/*
 * An answer of the input: kind, flags, length (2 bytes) and so many bytes.
 *
 * kind  0 reply, 1 error with them behind it, 2 end of a dump, 3 a whole
 *       datagram as it is, 4 reply to another request, 5 error of recvmsg(),
 *       6 of another family
 * flags bit 0: another message follows in the datagram; bit 1: NLM_F_CAPPED;
 *       bit 2: NLM_F_ACK_TLVS; bit 3: NLM_F_DUMP_INTR; bit 4: no header of
 *       generic netlink; upper three: command of the header, or error
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

#include "answers.h"
#include "qsctl.h"

enum kind {
	REPLY,
	ERROR,
	DONE,
	DATAGRAM,
	STALE,
	FAILURE,
	FOREIGN,
	KINDS,
};

#define FLAG_MORE 1
#define FLAG_CAPPED 2
#define FLAG_TLVS 4
#define FLAG_INTERRUPTED 8
#define FLAG_NO_GENL 16

/* Few enough for an input of a few kilobytes to end. */
#define ANSWERS_MAX 64

static const uint8_t key_bytes[44] = {
	0xc8, 0xc4, 0xc0, 0xbc, 0xb8, 0xb4, 0xb0, 0xac, 0xa8, 0xa4, 0xa0, 0x9c, 0x98, 0x94, 0x90,
	0x8c, 0x88, 0x84, 0x80, 0x7c, 0x78, 0x74, 0x70, 0x6c, 0x68, 0x64, 0x60, 0x5c, 0x58, 0x54,
	0x50, 0x4c, 0x48, 0x44, 0x40, 0x3c, 0x38, 0x34, 0x30, 0x2c, 0x28, 0x24, 0x20, 0x1c,
};

static struct {
	struct input *in;
	unsigned int n;
	uint32_t seq;
	struct nlmsghdr request;
	unsigned char *poisoned;
} answers;

/* The names that the linker gives to what is here and to what it is in place of */
int __wrap_nl_send_auto(struct nl_sock *nl, struct nl_msg *msg);
ssize_t __wrap_qsc_nl_recv(int fd, void *buf, size_t size, int flags);
int __wrap_qsc_subscribe(struct qsc_sock *sk);
void __wrap_nlmsg_free(struct nl_msg *msg);
void __real_nlmsg_free(struct nl_msg *msg);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_open(const char *path, int flags, ...);
int __wrap_isatty(int fd);
int __wrap_nanosleep(const struct timespec *time, struct timespec *left);
void __wrap_protect_process(void);
int __wrap_waiter_init(struct waiter *waiter, int events);
void __wrap_waiter_end(struct waiter *waiter);
enum wait_result __wrap_waiter_wait(struct waiter *waiter, int timeout_ms);

/* By hand and unseen by the fuzzer, or it would learn the key and bring it. */
__attribute__((no_sanitize("coverage", "address", "undefined"))) static bool
has(const uint8_t *p, size_t len, const void *piece, size_t n)
{
	const uint8_t *want = piece;

	for (; len >= n; p++, len--) {
		size_t i = 0;

		while (i < n && p[i] == want[i])
			i++;
		if (i == n)
			return true;
	}
	return false;
}

/* Looks for pieces, for a piece is bad enough: as they are, in hex, in base64. */
bool has_key_in_it(const void *p, size_t len)
{
	char hex[2 * 6 + 1];

	for (size_t i = 0; i + 6 <= sizeof(key_bytes); i += 3) {
		format_hex(key_bytes + i, 6, hex, sizeof(hex));
		if (has(p, len, key_bytes + i, 6) || has(p, len, hex, 8))
			return true;
	}
	for (size_t i = 0; i + 8 < sizeof(KEY_BASE64); i += 4)
		if (has(p, len, &KEY_BASE64[i], 8))
			return true;
	return false;
}

/* The module's sealing key, as if it had been asked for; any point is good. */
const struct qsc_seal_key fuzz_seal = { .id = 1, .public = { 9 } };

/* One for all inputs: making it costs more than most of them. */
static struct qsc_sock *handle(void)
{
	static struct qsc_sock sk = { .family = FAMILY };

	if (!sk.req) {
		sk.req = qsc_nl_socket();
		sk.buf = calloc(1, QSC_RECV_MAX);
		CHECK(sk.req && sk.buf);
	}
	return &sk;
}

struct qsc_sock *answers_open(struct input *in)
{
	struct qsc_sock *sk = handle();

	answers.in = in;
	answers.n = 0;
	answers.poisoned = sk->buf;
	sk->seal = fuzz_seal;
	qsc_error_clear(sk);
	return sk;
}

void answers_close(struct qsc_sock *sk)
{
	ASAN_UNPOISON_MEMORY_REGION(sk->buf, QSC_RECV_MAX);
	answers.poisoned = NULL;
}

static void check_number(struct nlattr *attr, uint32_t min, uint32_t max)
{
	if (attr)
		CHECK(nla_len(attr) == 4 && nla_get_u32(attr) >= min && nla_get_u32(attr) <= max);
}

static void check_leg(struct nlattr *nest)
{
	struct nlattr *tb[QSC_A_LEG_MAX + 1];
	bool learns;
	int len;

	CHECK(!nla_parse_nested(tb, QSC_A_LEG_MAX, nest, NULL));
	learns = tb[QSC_A_LEG_FLAGS] && nla_get_u32(tb[QSC_A_LEG_FLAGS]) & QSC_LEG_FLAGS_LEARN;
	CHECK(tb[QSC_A_LEG_LOCAL_ADDR] && !tb[QSC_A_LEG_REMOTE_ADDR] == learns);
	len = nla_len(tb[QSC_A_LEG_LOCAL_ADDR]);
	CHECK(len == 4 || len == 16);
	CHECK(learns || nla_len(tb[QSC_A_LEG_REMOTE_ADDR]) == len);
	CHECK(learns || !tb[QSC_A_LEG_LOCAL_RTCP_PORT] == !tb[QSC_A_LEG_REMOTE_RTCP_PORT]);
	for (int i = 1; i <= QSC_A_LEG_MAX; i++)
		if (tb[i] && (i == QSC_A_LEG_LOCAL_PORT || i == QSC_A_LEG_REMOTE_PORT ||
			      i == QSC_A_LEG_LOCAL_RTCP_PORT || i == QSC_A_LEG_REMOTE_RTCP_PORT))
			CHECK(nla_len(tb[i]) == 2 && nla_get_u16(tb[i]));
	check_number(tb[QSC_A_LEG_SUITE], 1, QSC_SUITE_MAX);
}

static void check_sealed(struct nlattr *nest, unsigned int len)
{
	struct nlattr *tb[QSC_A_SEAL_MAX + 1];

	CHECK(!nla_parse_nested(tb, QSC_A_SEAL_MAX, nest, NULL));
	CHECK(tb[QSC_A_SEAL_ID] && tb[QSC_A_SEAL_PUBLIC] && tb[QSC_A_SEAL_BOX]);
	check_number(tb[QSC_A_SEAL_ID], 1, UINT32_MAX);
	CHECK(nla_len(tb[QSC_A_SEAL_PUBLIC]) == QSC_SEAL_PUBLIC_LEN);
	CHECK(nla_len(tb[QSC_A_SEAL_BOX]) == (int)len + QSC_SEAL_TAG_LEN);
}

static void check_key(struct nlattr *nest)
{
	struct nlattr *tb[QSC_A_KEY_MAX + 1];
	unsigned int key_len, salt_len;

	CHECK(!nla_parse_nested(tb, QSC_A_KEY_MAX, nest, NULL));
	CHECK(tb[QSC_A_KEY_DIR] && tb[QSC_A_KEY_SUITE] && tb[QSC_A_KEY_SEALED]);
	check_number(tb[QSC_A_KEY_DIR], QSC_DIR_TX, QSC_DIR_RX);
	check_number(tb[QSC_A_KEY_OVERLAP], 0, QSC_OVERLAP_MAX_MS);
	CHECK(!qsc_suite_lengths(nla_get_u32(tb[QSC_A_KEY_SUITE]), &key_len, &salt_len));
	check_sealed(tb[QSC_A_KEY_SEALED], key_len + salt_len);
	CHECK(!tb[QSC_A_KEY_MKI] || nla_len(tb[QSC_A_KEY_MKI]) <= QSC_MKI_MAX);
}

/* What leaves for the kernel is what its policy takes. */
static void check_request(struct nlmsghdr *nlh)
{
	struct genlmsghdr *genl = genlmsg_hdr(nlh);
	struct nlattr *tb[QSC_A_CALL_MAX + 1];
	struct nlattr *id;

	CHECK(nlh->nlmsg_type == FAMILY && genlmsg_valid_hdr(nlh, 0));
	CHECK(!genlmsg_parse(nlh, 0, tb, QSC_A_CALL_MAX, NULL));
	id = tb[QSC_A_CALL_ID];
	if (id) {
		CHECK(nla_len(id) >= 2 && nla_len(id) <= QSC_CALL_ID_MAX + 1);
		CHECK(strnlen(nla_data(id), nla_len(id)) == (size_t)nla_len(id) - 1);
	}
	check_number(tb[QSC_A_CALL_FLAGS], 1, QSC_CALL_FLAGS_BOUND | QSC_CALL_FLAGS_DTLS);
	check_number(tb[QSC_A_CALL_ROLE], QSC_ROLE_CALLER, QSC_ROLE_CALLEE);
	check_number(tb[QSC_A_CALL_WINDOW], QSC_WINDOW_MIN, QSC_WINDOW_MAX);
	if (tb[QSC_A_CALL_LEG])
		check_leg(tb[QSC_A_CALL_LEG]);
	if (tb[QSC_A_CALL_KEY])
		check_key(tb[QSC_A_CALL_KEY]);
	CHECK(!!tb[QSC_A_CALL_KEY] == (genl->cmd == QSC_CMD_KEY_SET));
	CHECK(!!tb[QSC_A_CALL_LEG] == (genl->cmd == QSC_CMD_CALL_NEW));
	/* Keys leave sealed only, but for an odd call-id. */
	if (!(id && has_key_in_it(nla_data(id), nla_len(id))))
		CHECK(!has_key_in_it(nlh, nlh->nlmsg_len));
}

int __wrap_nl_send_auto(struct nl_sock *nl, struct nl_msg *msg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);

	(void)nl;
	check_request(nlh);
	nlh->nlmsg_seq = ++answers.seq;
	nlh->nlmsg_pid = 4711;
	answers.request = *nlh;
	return (int)nlh->nlmsg_len;
}

/* Zeroed on every path: the promise of <qsc/qsc.h>. */
void __wrap_nlmsg_free(struct nl_msg *msg)
{
	const uint64_t *mem = (const uint64_t *)nlmsg_hdr(msg);

	for (size_t i = 0; i < nlmsg_get_max_size(msg) / sizeof(*mem); i++)
		CHECK(!mem[i]);
	__real_nlmsg_free(msg);
}

static size_t put(unsigned char *out, const void *data, size_t len)
{
	memcpy(out, data, len);
	return len;
}

static size_t put_error(unsigned char *out, uint8_t flags)
{
	struct nlmsgerr e = { .error = -(flags >> 5), .msg = answers.request };

	/* Uncapped, the request would be behind it, which is the input's to say. */
	return put(out, &e, sizeof(e));
}

static size_t put_genl(unsigned char *out, uint8_t flags)
{
	struct genlmsghdr genl = { .cmd = QSC_CMD_CALL_ADD_NTF + (flags >> 5), .version = 1 };

	return put(out, &genl, sizeof(genl));
}

/* One message at @out, of at most @room bytes; its length with padding. */
static size_t put_message(enum kind kind, uint8_t flags, unsigned char *out, size_t room)
{
	struct nlmsghdr nlh = { .nlmsg_type = FAMILY, .nlmsg_seq = answers.request.nlmsg_seq };
	size_t n = sizeof(nlh), len = take_u16(answers.in);
	const uint8_t *payload;
	int zero = 0;

	if (room < sizeof(nlh) + sizeof(struct nlmsgerr))
		return 0;
	if (kind == ERROR) {
		nlh.nlmsg_type = NLMSG_ERROR;
		n += put_error(out + n, flags);
	} else if (kind == DONE) {
		nlh.nlmsg_type = NLMSG_DONE;
		n += put(out + n, &zero, flags & FLAG_NO_GENL ? 0 : sizeof(zero));
	} else if (!(flags & FLAG_NO_GENL)) {
		n += put_genl(out + n, flags);
	}
	nlh.nlmsg_flags = (flags & FLAG_CAPPED ? NLM_F_CAPPED : 0) |
			  (flags & FLAG_TLVS ? NLM_F_ACK_TLVS : 0) |
			  (flags & FLAG_INTERRUPTED ? NLM_F_DUMP_INTR : 0);
	nlh.nlmsg_seq -= kind == STALE;
	nlh.nlmsg_type += kind == FOREIGN;
	len = take_span(answers.in, len < room - n ? len : room - n, &payload);
	n += put(out + n, payload, len);
	nlh.nlmsg_len = n;
	put(out, &nlh, sizeof(nlh));
	return NLMSG_ALIGN(n) < room ? NLMSG_ALIGN(n) : n;
}

static ssize_t put_datagram(unsigned char *out, size_t room)
{
	const uint8_t *payload;
	uint8_t kind, flags;
	size_t n = 0;

	do {
		kind = take_u8(answers.in) % KINDS;
		flags = take_u8(answers.in);
		if (kind == FAILURE)
			return n ? (ssize_t)n : flags & 1 ? -ENOBUFS : -EMSGSIZE;
		if (kind == DATAGRAM) {
			size_t len = take_span(answers.in, take_u16(answers.in), &payload);

			return n + put(out + n, payload, len < room - n ? len : room - n);
		}
		memset(out + n, 0, room - n < 64 ? room - n : 64);
		n += put_message(kind, flags, out + n, room - n);
	} while (flags & FLAG_MORE && answers.in->left);
	return n;
}

ssize_t __wrap_qsc_nl_recv(int fd, void *buf, size_t size, int flags)
{
	ssize_t n;

	(void)fd;
	if (buf == answers.poisoned)
		ASAN_UNPOISON_MEMORY_REGION(buf, size);
	if (!answers.in->left || answers.n++ == ANSWERS_MAX)
		return (flags & MSG_DONTWAIT) ? -EAGAIN : -ECONNRESET;
	n = put_datagram(buf, size);
	/* Behind the datagram is nothing to read. */
	if (n >= 0 && buf == answers.poisoned)
		ASAN_POISON_MEMORY_REGION((unsigned char *)buf + n, size - n);
	return n;
}

int __wrap_qsc_subscribe(struct qsc_sock *sk)
{
	if (!sk->events)
		sk->events = qsc_nl_socket();
	return 0;
}

/* What waits for a time, or for a user, would do so for ever. */
int __wrap_isatty(int fd)
{
	(void)fd;
	return 0;
}

int __wrap_nanosleep(const struct timespec *time, struct timespec *left)
{
	(void)time;
	(void)left;
	return 0;
}

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	(void)timeout;
	for (nfds_t i = 0; i < n; i++)
		fds[i].revents = answers.in->left ? POLLIN : 0;
	return answers.in->left ? (int)n : 0;
}

/* Every file holds the key. */
int __wrap_open(const char *path, int flags, ...)
{
	int fd = memfd_create("key", MFD_CLOEXEC);

	(void)path;
	CHECK((flags & O_ACCMODE) == O_RDONLY);
	CHECK(fd >= 0 && write(fd, KEY_LINE, sizeof(KEY_LINE) - 1) == sizeof(KEY_LINE) - 1);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

void __wrap_protect_process(void)
{
}

int __wrap_waiter_init(struct waiter *waiter, int events)
{
	waiter->events = events;
	return QSCTL_OK;
}

void __wrap_waiter_end(struct waiter *waiter)
{
	(void)waiter;
}

enum wait_result __wrap_waiter_wait(struct waiter *waiter, int timeout_ms)
{
	(void)waiter;
	(void)timeout_ms;
	return answers.in->left && answers.n < ANSWERS_MAX ? WAIT_EVENT : WAIT_SIGNAL;
}
