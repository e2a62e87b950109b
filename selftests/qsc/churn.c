// SPDX-License-Identifier: GPL-2.0
/*
 * Control under load: two threads, one per CPU, send through the same calls
 * both ways while keys change and other calls come and go.
 *
 *   A: call kept-0..3  <- RTP of both threads, both ways ->  B: call kept-0..3
 *   A: call doomed-0..7, made, keyed, erased and deleted under traffic
 *   A: call wild-0..3, on which two threads do anything, in no order
 *
 * A rekey as it has to be done, first the receiver, then the sender, loses no
 * packet. The packets of kept calls have a marker which the wire must never
 * carry; doomed calls have another payload, since it is right that their
 * packets are clear while there is no call.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "fix.h"

#define KEPT		4
#define DOOMED		8
#define SENDERS		2
#define KEPT_PORT	4200
#define DOOMED_PORT	4300
#define WILD		4
#define WILD_PORT	(DOOMED_PORT + DOOMED)
#define VANDALS		2
#define PACE_US		300
/* All of these of both senders have room in the kernel's queue of packets that came. */
#define UNDER_WAY	20

/* What has to be done at least, and how many times longer a slow machine may take. */
#define REKEYS		(8 * KEPT + 1)
#define ROUNDS		3
#define DEEDS		101
#define SLOW		20

struct end {
	int fd;
	char id[16];
	_Atomic uint32_t next[SENDERS];	/* next number to come, by sender */
	_Atomic uint64_t received;
};

static struct end ends[SIDES][KEPT];
static int doomed_fd[DOOMED + WILD];
static _Atomic uint64_t sent;
static atomic_bool stop_sending, stop_receiving;
static atomic_int troubles;
static unsigned int rekeys;
static atomic_uint rounds, deeds;

struct payload {
	char marker[MARKER_LEN];
	uint32_t sender;
	uint32_t number;
};

static struct qsc_sock *open_side(enum side side)
{
	struct qsc_sock *sk = dut_open(side);

	net_enter(SIDE_A);
	return sk;
}

static void new_call(struct qsc_sock *sk, const char *id, enum side side, uint16_t port)
{
	struct qsc_call_params params = { .id = id, .n_legs = 1 };
	union addr a = net_addr(AF_INET, 1, port);
	union addr b = net_addr(AF_INET, 2, port);

	memcpy(&params.legs[0].local, side == SIDE_A ? &a : &b, sizeof(a));
	memcpy(&params.legs[0].remote, side == SIDE_A ? &b : &a, sizeof(a));
	if (qsc_call_new(sk, &params))
		ksft_exit_fail_msg("call new: %s\n", qsc_last_error(sk)->text);
}

static void random_keys(struct rng *rng, struct srtp_keys *keys, uint16_t generation)
{
	memset(keys, 0, sizeof(*keys));
	keys->gens = 1;
	master_random(&keys->gen[0], rng, QSC_SUITE_AEAD_AES_256_GCM, 2);
	memcpy(keys->gen[0].mki, &generation, 2);
}

static void set_key(struct qsc_sock *sk, const char *id, int dir, const struct srtp_keys *keys)
{
	/* That the overlap ends is not what is looked at here, however slow it gets. */
	if (dut_key(sk, id, dir, keys, 0, QSC_OVERLAP_MAX_MS))
		troubles++;
}

static uint64_t counted(struct qsc_sock *sk, const char *id, int counter)
{
	struct qsc_stats st;

	dut_stats(sk, id, &st);
	return st.count[counter];
}

/*
 * A receiver has two keys at a time. Before it gets a third one the packets of
 * the first have to be through, however slow the machine is.
 */
static void wait_for_arrival(struct qsc_sock *to, struct qsc_sock *from, const char *id)
{
	uint64_t due = counted(from, id, QSC_A_STATS_TX_RTP);
	int tries = 5000;

	while (counted(to, id, QSC_A_STATS_RX_RTP) < due) {
		if (!tries--) {
			ksft_print_msg("%s: what was sent before a rekey has not arrived\n", id);
			troubles++;
			return;
		}
		usleep(1000);
	}
}

/* One direction of one call: no packet is lost in this order. */
static void rekey(struct qsc_sock *to, struct qsc_sock *from, const char *id, struct rng *rng,
		  uint16_t generation)
{
	struct srtp_keys keys;

	random_keys(rng, &keys, generation);
	set_key(to, id, QSC_DIR_RX, &keys);
	set_key(from, id, QSC_DIR_TX, &keys);
	wait_for_arrival(to, from, id);
	rekeys++;
}

static void rekey_all(struct qsc_sock *a, struct qsc_sock *b, struct rng *rng,
		      uint16_t generation)
{
	int i;

	for (i = 0; i < KEPT; i++) {
		rekey(b, a, ends[SIDE_A][i].id, rng, generation);
		rekey(a, b, ends[SIDE_A][i].id, rng, generation);
	}
}

static void send_one(int fd, uint32_t sender, uint32_t number, const char *marker)
{
	struct payload payload = { .sender = sender, .number = number };
	struct packet pkt;

	memcpy(payload.marker, marker, MARKER_LEN);
	gen_rtp_plain(&pkt, SSRC + sender, number, &payload, sizeof(payload));
	send(fd, pkt.data, pkt.len, 0);
}

/* On a machine that is too slow for the pace, packets would be lost in that queue. */
static void wait_for_receivers(uint32_t me, uint32_t number)
{
	int tries = 10000;
	int i;

	for (i = 0; i < SIDES * KEPT; i++) {
		struct end *e = &ends[i % SIDES][i / SIDES];

		while (number - e->next[me] >= UNDER_WAY && !stop_sending && tries-- > 0)
			usleep(PACE_US);
	}
}

static void *sender(void *arg)
{
	uint32_t me = (uintptr_t)arg;
	uint32_t number = 0;
	int i;

	net_pin_to(me);
	while (!stop_sending) {
		wait_for_receivers(me, number);
		for (i = 0; i < KEPT; i++) {
			send_one(ends[SIDE_A][i].fd, me, number, MARKER);
			send_one(ends[SIDE_B][i].fd, me, number, MARKER);
		}
		sent += 2 * KEPT;
		for (i = 0; i < DOOMED + WILD; i++)
			send_one(doomed_fd[i], me, number, "may be clear now");
		number++;
		usleep(PACE_US);
	}
	return NULL;
}

static void receive(struct end *e)
{
	uint8_t buf[256];
	struct payload *p = (struct payload *)(buf + RTP_HDR_LEN);

	while (recv(e->fd, buf, sizeof(buf), MSG_DONTWAIT) > 0) {
		e->received++;
		if (memcmp(p->marker, MARKER, MARKER_LEN) || p->sender >= SENDERS) {
			ksft_print_msg("%s: not what was sent\n", e->id);
			troubles++;
			continue;
		}
		if (p->number != e->next[p->sender]) {
			ksft_print_msg("%s: packet %u of sender %u where %u was due\n", e->id,
				       p->number, p->sender, (uint32_t)e->next[p->sender]);
			troubles++;
		}
		e->next[p->sender] = p->number + 1;
	}
}

static void *receiver(void *arg)
{
	int *tap = arg;
	int i;

	while (!stop_receiving) {
		for (i = 0; i < KEPT; i++) {
			receive(&ends[SIDE_A][i]);
			receive(&ends[SIDE_B][i]);
		}
		if (net_tap_saw(*tap, MARKER, MARKER_LEN, NULL)) {
			ksft_print_msg("the wire carried a kept call in clear\n");
			troubles++;
		}
		usleep(1000);
	}
	return NULL;
}

static int look(const struct qsc_call *call, void *arg)
{
	(void)call;
	++*(unsigned int *)arg;
	return 0;
}

/* Everything that can happen to a call, in the midst of its traffic. */
static void *doom(void *arg)
{
	struct qsc_sock *sk = open_side(SIDE_A);
	struct srtp_keys keys;
	unsigned int seen = 0;
	struct qsc_stats st;
	char id[16];
	struct rng rng;
	int i;

	(void)arg;
	rng_seed(&rng, time(NULL));
	while (!stop_sending) {
		for (i = 0; i < DOOMED; i++) {
			snprintf(id, sizeof(id), "doomed-%d", i);
			new_call(sk, id, SIDE_A, DOOMED_PORT + i);
			random_keys(&rng, &keys, 1);
			set_key(sk, id, QSC_DIR_TX, &keys);
			set_key(sk, id, QSC_DIR_RX, &keys);
		}
		qsc_call_dump(sk, look, &seen);
		qsc_stats_total(sk, &st, NULL);
		for (i = 0; i < DOOMED; i++) {
			snprintf(id, sizeof(id), "doomed-%d", i);
			if (rng_below(&rng, 2) && qsc_key_erase(sk, id))
				troubles++;
			if (qsc_call_del(sk, id))
				troubles++;
		}
		rounds++;
	}
	qsc_close(sk);
	return NULL;
}

/* One thing that can be done to a call; what comes of it depends on the other. */
static int one_deed(struct qsc_sock *sk, struct rng *rng, const char *id, uint16_t port)
{
	struct qsc_call_params params = { .id = id, .n_legs = 1 };
	union addr a = net_addr(AF_INET, 1, port);
	union addr b = net_addr(AF_INET, 2, port);
	uint32_t seconds = rng_below(rng, 3);
	struct qsc_key key = {
		.dir = rng_range(rng, QSC_DIR_TX, QSC_DIR_RX),
		.suite = QSC_SUITE_AEAD_AES_256_GCM,
		.master_len = 32, .salt_len = 12, .mki_len = 2,
		.has_overlap = true, .overlap_ms = rng_below(rng, 20),
	};
	unsigned int seen = 0;

	switch (rng_below(rng, 8)) {
	case 0:
	case 1:
		memcpy(&params.legs[0].local, &a, sizeof(a));
		memcpy(&params.legs[0].remote, &b, sizeof(b));
		params.flags = rng_below(rng, 2) ? QSC_CALL_FLAGS_BOUND : 0;
		return qsc_call_new(sk, &params);
	case 2:
		return qsc_call_del(sk, id);
	case 3:
	case 4:
		rng_fill(rng, key.master, 32);
		rng_fill(rng, key.mki, 2);
		return qsc_key_set(sk, id, &key);
	case 5:
		return qsc_key_erase(sk, id);
	case 6:
		return qsc_call_set(sk, id, &seconds, &seconds);
	default:
		return qsc_call_get(sk, id, look, &seen);
	}
}

static void *vandal(void *arg)
{
	struct qsc_sock *sk = open_side(SIDE_A);
	struct rng rng;
	char id[16];
	int err, i;

	rng_seed(&rng, time(NULL) + (uintptr_t)arg);
	while (!stop_sending) {
		/* now and then the owner of bound calls goes, too */
		if (!rng_below(&rng, 50)) {
			qsc_close(sk);
			sk = open_side(SIDE_A);
		}
		i = rng_below(&rng, WILD);
		snprintf(id, sizeof(id), "wild-%d", i);
		err = one_deed(sk, &rng, id, WILD_PORT + i);
		deeds++;
		/* -EINVAL: a key for a call that was erased */
		if (!err || err == -ENOENT || err == -EEXIST || err == -EADDRINUSE ||
		    err == -EINVAL)
			continue;
		ksft_print_msg("vandal: %s\n", qsc_last_error(sk)->text);
		troubles++;
	}
	qsc_close(sk);
	return NULL;
}

static void set_up(struct qsc_sock *sk[SIDES])
{
	int i;

	for (i = 0; i < KEPT; i++) {
		enum side s;

		for (s = SIDE_A; s <= SIDE_B; s++) {
			struct end *e = &ends[s][i];

			snprintf(e->id, sizeof(e->id), "kept-%d", i);
			new_call(sk[s], e->id, s, KEPT_PORT + i);
			e->fd = net_udp(s, AF_INET, 1 + s, KEPT_PORT + i);
			net_connect(e->fd, AF_INET, 2 - s, KEPT_PORT + i);
		}
	}
	for (i = 0; i < DOOMED + WILD; i++) {
		doomed_fd[i] = net_udp(SIDE_A, AF_INET, 1, DOOMED_PORT + i);
		net_connect(doomed_fd[i], AF_INET, 2, DOOMED_PORT + i);
	}
}

static uint64_t all_received(void)
{
	uint64_t received = 0;
	int i;

	for (i = 0; i < SIDES * KEPT; i++)
		received += ends[i % SIDES][i / SIDES].received;
	return received;
}

/* All that was sent was received, and nothing was counted as dropped. */
static bool balance(struct qsc_sock *sk[SIDES])
{
	uint64_t received = all_received(), tx = 0, rx = 0;
	struct qsc_stats st;
	bool good = true;
	enum side s;
	int i, j;

	for (s = SIDE_A; s <= SIDE_B; s++) {
		for (i = 0; i < KEPT; i++) {
			dut_stats(sk[s], ends[s][i].id, &st);
			tx += st.count[QSC_A_STATS_TX_RTP];
			rx += st.count[QSC_A_STATS_RX_RTP];
			for (j = 1; j < QSC_A_STATS_PAD; j++) {
				if (!st.count[j] || !strstr(qsc_stat_name(j), "_drop_"))
					continue;
				ksft_print_msg("%s in %c: %s is %llu\n", ends[s][i].id, 'A' + s,
					       qsc_stat_name(j),
					       (unsigned long long)st.count[j]);
				good = false;
			}
		}
	}
	ksft_print_msg("%llu packets sent, %llu and %llu counted, %llu received\n",
		       (unsigned long long)sent, (unsigned long long)tx,
		       (unsigned long long)rx, (unsigned long long)received);
	return good && sent && tx == sent && rx == sent && received == sent;
}

static bool enough(void)
{
	return rekeys >= REKEYS && rounds >= ROUNDS && deeds >= DEEDS;
}

int main(void)
{
	time_t begin, seconds = ksft_env("QUICK") ? 3 : 12;
	pthread_t send[SENDERS], wild[VANDALS], recv, doomer;
	struct qsc_sock *sk[SIDES];
	uint16_t generation = 1;
	struct rng rng;
	uintptr_t i;
	int tap;

	ksft_print_header();
	net_up();
	sk[SIDE_A] = open_side(SIDE_A);
	sk[SIDE_B] = open_side(SIDE_B);
	ksft_set_plan(5);
	rng_seed(&rng, time(NULL) ^ getpid());
	set_up(sk);
	rekey_all(sk[SIDE_A], sk[SIDE_B], &rng, generation);
	tap = net_tap(SIDE_B);

	pthread_create(&recv, NULL, receiver, &tap);
	for (i = 0; i < SENDERS; i++)
		pthread_create(&send[i], NULL, sender, (void *)i);
	pthread_create(&doomer, NULL, doom, NULL);
	for (i = 0; i < VANDALS; i++)
		pthread_create(&wild[i], NULL, vandal, (void *)i);
	begin = time(NULL);
	while (time(NULL) < begin + seconds ||
	       (!enough() && time(NULL) < begin + SLOW * seconds))
		rekey_all(sk[SIDE_A], sk[SIDE_B], &rng, ++generation);
	stop_sending = true;
	pthread_join(doomer, NULL);
	for (i = 0; i < VANDALS; i++)
		pthread_join(wild[i], NULL);
	for (i = 0; i < SENDERS; i++)
		pthread_join(send[i], NULL);
	for (i = 0; i < 10000 && all_received() < sent; i++)
		usleep(1000);
	stop_receiving = true;
	pthread_join(recv, NULL);

	ksft_test_result(!troubles, "%d troubles with packets or control\n", troubles);
	ksft_test_result(rekeys >= REKEYS, "keys of calls in use were replaced %u times\n",
			 rekeys);
	ksft_test_result(rounds >= ROUNDS, "%u calls were made and deleted under traffic\n",
			 rounds * DOOMED);
	ksft_test_result(deeds >= DEEDS, "%u random deeds of two threads to the same calls\n", deeds);
	ksft_test_result(balance(sk), "no packet was lost or dropped by a rekey\n");
	qsc_close(sk[SIDE_A]);
	qsc_close(sk[SIDE_B]);
	ksft_finished();
}
