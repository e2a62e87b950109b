/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* What the files of libqsc share with each other and with the unit tests. */
#ifndef _LIBQSC_INTERNAL_H
#define _LIBQSC_INTERNAL_H

#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include <openssl/evp.h>

#include <qsc/qsc.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Larger than any message of the module: a dump skb has at most 32 KiB. */
#define QSC_RECV_MAX 65536

/* A public key of the module to seal to. */
struct qsc_seal_key {
	uint32_t id; /* 0 = none */
	uint8_t public[QSC_SEAL_PUBLIC_LEN];
};

struct qsc_sock {
	struct nl_sock *req; /* requests; the owner of bound calls */
	struct nl_sock *events; /* NULL until qsc_subscribe() */
	int family;
	unsigned char *buf; /* QSC_RECV_MAX bytes */
	struct qsc_seal_key seal; /* the last one that the module gave */
	struct qsc_error err;
};

/* sock.c */
struct nl_sock *qsc_nl_socket(void);
ssize_t qsc_nl_recv(int fd, void *buf, size_t size, int flags);

/* msg.c */
struct qsc_reply {
	struct nlmsghdr *nlh;
	struct nlattr *attrs[QSC_A_CALL_MAX + 1]; /* the last one of each type */
};

typedef int (*qsc_msg_cb)(struct qsc_reply *reply, void *arg);

struct nl_msg *qsc_msg_new(struct qsc_sock *sk, int cmd, int flags);
struct nl_msg *qsc_msg_new_size(struct qsc_sock *sk, int cmd, int flags, size_t size);
void qsc_msg_free(struct nl_msg *msg);
int qsc_msg_run(struct qsc_sock *sk, struct nl_msg *msg, qsc_msg_cb cb, void *arg);
int qsc_msg_send_id(struct qsc_sock *sk, int cmd, const char *id, qsc_msg_cb cb, void *arg);
int qsc_msg_check_id(struct qsc_sock *sk, const char *id);
int qsc_msg_put_id(struct qsc_sock *sk, struct nl_msg *msg, const char *id);
int qsc_msg_parse(struct nlmsghdr *nlh, struct qsc_reply *reply);

/* call.c, key.c, session.c: split from the sending so that tests can look at messages */
int qsc_call_build(struct qsc_sock *sk, struct nl_msg *msg, const struct qsc_call_params *p);
int qsc_key_check(struct qsc_sock *sk, const struct qsc_key *key);
int qsc_key_put(struct nl_msg *msg, const char *id, const struct qsc_key *key,
		const struct qsc_seal_key *to);
int qsc_key_build(struct qsc_sock *sk, struct nl_msg *msg, const char *id, const void *key,
		  const struct qsc_seal_key *to);
int qsc_session_build(struct qsc_sock *sk, struct nl_msg *msg, const char *id, const void *session,
		      const struct qsc_seal_key *to);

/* bind.c */
#define QSC_BINDING_MAX 288

struct qsc_binding {
	size_t len;
	uint8_t bytes[QSC_BINDING_MAX];
};

void qsc_bind_key(struct qsc_binding *b, const char *id, const struct qsc_key *key);
void qsc_bind_session(struct qsc_binding *b, const char *id, const struct qsc_session *s);

/* seal.c */
typedef int (*qsc_sealed_build)(struct qsc_sock *sk, struct nl_msg *msg, const char *id,
				const void *what, const struct qsc_seal_key *to);

int qsc_seal_box(EVP_PKEY *mine, const uint8_t theirs[QSC_SEAL_PUBLIC_LEN], const void *aad,
		 size_t aad_len, const void *plain, size_t len, uint8_t ours[QSC_SEAL_PUBLIC_LEN],
		 uint8_t *box);
int qsc_seal_put(struct nl_msg *msg, int attr, const struct qsc_seal_key *to, const void *aad,
		 size_t aad_len, const void *plain, size_t len);
int qsc_seal_get(struct qsc_sock *sk);
int qsc_seal_error(struct qsc_sock *sk, int err);
int qsc_seal_run(struct qsc_sock *sk, int cmd, qsc_sealed_build build, const char *id,
		 const void *what);

/* parse.c */
int qsc_parse_call(struct qsc_reply *reply, qsc_call_cb cb, void *arg);
int qsc_parse_key(struct nlattr *nest, struct qsc_key_info *key);
void qsc_parse_stats(struct nlattr *nest, struct qsc_stats *stats);
void qsc_get_addr(union qsc_addr *out, struct nlattr *addr, struct nlattr *port);
uint16_t qsc_get_port(struct nlattr *attr);
uint32_t qsc_get_u32(struct nlattr *attr);
uint64_t qsc_get_u64(struct nlattr *attr);

/* event.c */
int qsc_parse_event(struct nlmsghdr *nlh, qsc_event_cb cb, void *arg);

/* error.c */
int qsc_fail(struct qsc_sock *sk, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void qsc_error_clear(struct qsc_sock *sk);
int qsc_error_from_ack(struct qsc_sock *sk, int code, struct nlmsghdr *request,
		       struct nlmsghdr *ack, size_t payload);

/* attrs.c: names and shapes of the attributes, for error texts */
enum qsc_attr_kind {
	QSC_KIND_U8,
	QSC_KIND_U32,
	QSC_KIND_U64,
	QSC_KIND_PORT,
	QSC_KIND_ADDR,
	QSC_KIND_STRING,
	QSC_KIND_HEX,
	QSC_KIND_SUITE,
	QSC_KIND_DIR,
	QSC_KIND_FLAG,
	QSC_KIND_SECRET,
	QSC_KIND_NEST,
};

struct qsc_attr_desc {
	const char *name;
	enum qsc_attr_kind kind;
	const struct qsc_attr_set *nested;
};

struct qsc_attr_set {
	unsigned int max;
	const struct qsc_attr_desc *attrs;
};

extern const struct qsc_attr_set qsc_call_attrs;
const struct qsc_attr_desc *qsc_attr_desc(const struct qsc_attr_set *set, unsigned int type);
void qsc_attr_print(const struct qsc_attr_desc *desc, const struct nlattr *attr, char *out,
		    size_t size);

/* base64.c */
int qsc_base64_len(const char *text, size_t len);
int qsc_base64_decode(const char *text, size_t len, uint8_t *out, size_t out_len);

/* wipe.c */
void qsc_wipe(void *p, size_t len);

#endif /* _LIBQSC_INTERNAL_H */
