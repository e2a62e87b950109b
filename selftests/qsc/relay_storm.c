// SPDX-License-Identifier: GPL-2.0
/*
 * Relay calls under storm: two threads make, key, rekey, erase and delete them in
 * no order, while two more send good and bad packets to their ports from addresses
 * that change, so that remotes are learnt meanwhile. What comes of a request depends
 * on the other thread; the kernel's own checks say whether anything went wrong. In
 * the end a relay that was there before works as ever, and nothing is left.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "ends.h"
#include "env.h"

#define WILD		3
#define WILD_PORT	4400
#define VANDALS		2
#define SENDERS		2
#define SOURCES		2
#define SSRC		0x51534301
#define TALK		40

static const struct env_count n_deeds = { "QSC_DEEDS", 20000, 3000, 600, 300 };
static unsigned int deeds_wanted;
static atomic_uint deeds, sent, made;
static atomic_int troubles;
static atomic_bool stop;

static const uint32_t suites[] = {
	QSC_SUITE_AEAD_AES_256_GCM,
	QSC_SUITE_AEAD_AES_128_GCM,
	QSC_SUITE_AES_CM_128_HMAC_SHA1_80,
	QSC_SUITE_PLAIN,
};

static uint16_t wild_port(int call, int leg)
{
	return WILD_PORT + 10 * call + 2 * leg;
}

/* Always the same suite and key for a leg, so that senders have them too. */
static void wild_keys(struct srtp_keys *keys, int call, int leg)
{
	struct rng rng;

	memset(keys, 0, sizeof(*keys));
	keys->gens = 1;
	keys->window = QSC_WINDOW_DEFAULT;
	rng_seed(&rng, 1000 + 2 * call + leg);
	master_random(&keys->gen[0], &rng, suites[(call + leg) % 3], 0);
}

static union qsc_addr addr_of(int host, uint16_t port)
{
	union addr from = net_addr(AF_INET, host, port);
	union qsc_addr to = {};

	to.in4 = from.in4;
	return to;
}

/* A leg is as its keys are, or plain. */
static void wild_leg(struct qsc_leg_params *p, struct rng *rng, int call, int leg)
{
	p->suite = suites[rng_below(rng, 4) ? (call + leg) % 3 : 3];
	p->local = addr_of(end_leg_host(leg), wild_port(call, leg));
	if (!rng_below(rng, 3)) {
		p->remote = addr_of(end_host(leg), wild_port(call, leg));
		return;
	}
	p->flags = QSC_LEG_FLAGS_LEARN;
	if (p->suite != QSC_SUITE_PLAIN)
		return;
	p->learn_from = addr_of(end_host(0), 0);
	p->learn_prefix = 24;
	p->learn_window_s = rng_below(rng, 3);
}

static int make(struct qsc_sock *sk, struct rng *rng, const char *id, int call)
{
	struct qsc_call_params params = { .id = id, .n_legs = ENDS };
	int leg, err;

	for (leg = 0; leg < ENDS; leg++)
		wild_leg(&params.legs[leg], rng, call, leg);
	params.flags = rng_below(rng, 4) ? 0 : QSC_CALL_FLAGS_BOUND;
	err = qsc_call_new(sk, &params);
	made += !err;
	return err;
}

static int set_key(struct qsc_sock *sk, struct rng *rng, const char *id, int call)
{
	int leg = rng_below(rng, ENDS);
	struct srtp_keys keys;
	const struct srtp_master *m = &keys.gen[0];
	struct qsc_key key = { .leg = leg, .dir = rng_range(rng, QSC_DIR_TX, QSC_DIR_RX) };

	wild_keys(&keys, call, leg);
	key.suite = m->suite;
	key.master_len = m->key_len;
	key.salt_len = m->salt_len;
	memcpy(key.master, m->key, m->key_len);
	memcpy(key.salt, m->salt, m->salt_len);
	return qsc_key_set(sk, id, &key);
}

static int look(const struct qsc_call *call, void *arg)
{
	(void)call;
	++*(unsigned int *)arg;
	return 0;
}

static int one_deed(struct qsc_sock *sk, struct rng *rng, const char *id, int call)
{
	uint32_t seconds = rng_below(rng, 3);
	unsigned int seen = 0;

	switch (rng_below(rng, 12)) {
	case 0:
	case 1:
	case 2:
		return make(sk, rng, id, call);
	case 3:
		return qsc_call_del(sk, id);
	case 4:
		return qsc_key_erase(sk, id);
	case 5:
		return qsc_call_set(sk, id, &seconds, &seconds);
	case 6:
		return qsc_call_stats(sk, id, look, &seen);
	case 7:
		return qsc_call_dump(sk, look, &seen);
	default:
		return set_key(sk, rng, id, call);
	}
}

static struct qsc_sock *open_here(void)
{
	struct qsc_sock *sk = dut_open(SIDE_A);

	net_enter(SIDE_A);
	return sk;
}

static void *vandal(void *arg)
{
	struct qsc_sock *sk = open_here();
	struct rng rng;
	char id[16];
	int call, err;

	rng_seed(&rng, (uintptr_t)arg);
	while (!stop) {
		/* now and then the owner of bound calls goes, too */
		if (!rng_below(&rng, 50)) {
			qsc_close(sk);
			sk = open_here();
		}
		call = rng_below(&rng, WILD);
		snprintf(id, sizeof(id), "wild-%d", call);
		err = one_deed(sk, &rng, id, call);
		deeds++;
		/*
		 * -EINVAL: a key for a call that was erased, or for a plain leg; -EAGAIN: a list
		 * that was disturbed
		 */
		if (!err || err == -ENOENT || err == -EEXIST || err == -EADDRINUSE ||
		    err == -EINVAL || err == -EAGAIN)
			continue;
		ksft_print_msg("vandal: %s\n", qsc_last_error(sk)->text);
		troubles++;
	}
	qsc_close(sk);
	return NULL;
}

/* The peer of a leg, at several addresses. */
struct peer {
	int fd[SOURCES];
	struct srtp_keys keys;
	srtp_t srtp;
};

static void open_peer(struct peer *p, int call, int leg, unsigned int me)
{
	uint16_t port = wild_port(call, leg);
	int i;

	for (i = 0; i < SOURCES; i++) {
		/* one of them is where a leg that does not learn expects it */
		p->fd[i] = net_udp(SIDE_B, AF_INET, end_host(leg),
				   i || me ? 20000 + 1000 * (me + 2 * i) + port : port);
		net_connect(p->fd[i], AF_INET, end_leg_host(leg), port);
	}
	wild_keys(&p->keys, call, leg);
	p->srtp = ref_open(&p->keys, true);
}

static void send_packet(struct peer *p, struct rng *rng, uint32_t ssrc, uint16_t seq)
{
	struct packet pkt;

	if (rng_below(rng, 8))
		gen_rtp(&pkt, rng, ssrc, seq);
	else
		gen_rtcp(&pkt, rng, ssrc);
	if (rng_below(rng, 6))
		ref_protect(p->srtp, &p->keys, 0, &pkt);
	if (!rng_below(rng, 6))
		pkt.data[rng_below(rng, pkt.len)] ^= 1 + rng_below(rng, 255);
	send(p->fd[rng_below(rng, SOURCES)], pkt.data, pkt.len, 0);
	sent++;
}

static void *sender(void *arg)
{
	static struct peer peers[SENDERS][WILD][ENDS];
	unsigned int me = (uintptr_t)arg;
	struct rng rng;
	uint16_t seq;
	int i;

	net_pin_to(me);
	rng_seed(&rng, me);
	for (i = 0; i < WILD * ENDS; i++)
		open_peer(&peers[me][i / ENDS][i % ENDS], i / ENDS, i % ENDS, me);
	for (seq = 1; !stop; seq++) {
		for (i = 0; i < WILD * ENDS; i++)
			send_packet(&peers[me][i / ENDS][i % ENDS], &rng, SSRC + me, seq);
		usleep(500);
	}
	return NULL;
}

static void storm(void)
{
	pthread_t threads[VANDALS + SENDERS];
	uintptr_t i;

	for (i = 0; i < VANDALS; i++)
		pthread_create(&threads[i], NULL, vandal, (void *)i);
	for (i = 0; i < SENDERS; i++)
		pthread_create(&threads[VANDALS + i], NULL, sender, (void *)i);
	while (deeds < deeds_wanted)
		usleep(10000);
	stop = true;
	for (i = 0; i < VANDALS + SENDERS; i++)
		pthread_join(threads[i], NULL);
	/* a queue that is full of their packets loses the next one */
	for (i = 0; i < SENDERS; i++) {
		net_pin_to(i);
		net_drain();
	}
	ksft_print_msg("%u deeds, %u calls made, %u packets\n", deeds, made, sent);
}

static bool works(struct ends *e)
{
	static struct packet pkt;
	uint16_t seq;

	for (seq = 1; seq <= TALK; seq++) {
		gen_rtp(&pkt, &e->rng, SSRC, seq);
		ends_send(e, seq & 1, &pkt);
		if (!ends_gets(e, !(seq & 1), &pkt))
			return false;
	}
	return true;
}

static bool nothing_is_left(struct qsc_sock *sk)
{
	unsigned int left = 0;
	uint64_t flushed;

	if (qsc_call_flush(sk, &flushed) || qsc_call_dump(sk, look, &left))
		ksft_exit_fail_msg("flush: %s\n", qsc_last_error(sk)->text);
	return !left;
}

int main(void)
{
	/*
	 * Made before and kept: with the last call the hooks go, and patching them out
	 * and in all the time is more than QEMU without KVM can take.
	 */
	static const struct end_opts opts[ENDS] = { { .mki_len = 4 }, { .family = AF_INET6 } };
	static struct ends e;
	struct qsc_sock *sk;

	ksft_print_header();
	net_up();
	if (srtp_init())
		ksft_exit_fail_msg("srtp_init failed\n");
	rng_seed(&e.rng, env_seed());
	deeds_wanted = env_count(&n_deeds);
	sk = dut_open(SIDE_A);
	ksft_set_plan(3);
	ends_open(&e, opts);
	storm();
	ksft_test_result(!troubles && made, "requests are done, or refused as they should be\n");
	ksft_test_result(works(&e), "a relay that was there before works as ever\n");
	ends_close(&e);
	ksft_test_result(nothing_is_left(sk), "nothing is left of the calls\n");
	qsc_close(sk);
	ksft_finished();
}
