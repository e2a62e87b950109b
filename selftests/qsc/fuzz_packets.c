// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever packet an application or its peer sends: it is delivered as it was
 * meant, or dropped and counted once under the right reason; nothing that is
 * not authentic is delivered, nothing leaves in clear, and good packets in
 * between go on getting through.
 *
 *   QSC_SEED=n      repeats a run
 *   QSC_FULL=1      200,000 packets
 *   QSC_PACKETS=n   how many packets, all in all
 *   QSC_REPLAY=n    from batch n on, each packet is checked before the next one
 *                   is sent, and the first that fails is printed
 *   QSC_CONFIG=n    only the n-th kind of call, counted from 1
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "fuzz.h"

#define GCM256 QSC_SUITE_AEAD_AES_256_GCM
#define GCM128 QSC_SUITE_AEAD_AES_128_GCM

static const struct fuzz_config configs[] = {
	{ "IPv4, RTCP multiplexed, AES-256", .family = AF_INET, .suite = GCM256,
	  .window = 1024, .permille = 200 },
	{ "IPv6, RTCP multiplexed, AES-128, MKI of 4 bytes", .family = AF_INET6,
	  .suite = GCM128, .mki_len = 4, .window = 64, .permille = 200 },
	{ "IPv4, a port for RTCP, AES-128, MKI of 1 byte", .family = AF_INET,
	  .suite = GCM128, .mki_len = 1, .rtcp_port = true, .window = 128, .permille = 180 },
	{ "IPv6, a port for RTCP, AES-256, ROC given", .family = AF_INET6, .suite = GCM256,
	  .rtcp_port = true, .window = 256, .roc = 0x12345, .permille = 180 },
	{ "IPv4, DTLS may pass, MKI of 128 bytes", .family = AF_INET, .suite = GCM256,
	  .mki_len = 128, .window = 1024, .flags = QSC_CALL_FLAGS_DTLS, .permille = 140 },
	{ "IPv4, GRO", .family = AF_INET, .suite = GCM128, .window = 512, .gro = "gro",
	  .permille = 50 },
	{ "IPv6, GRO to a list", .family = AF_INET6, .suite = GCM256, .window = 512,
	  .gro = "gro on rx-gro-list", .permille = 50 },
};

#define N_CONFIGS (sizeof(configs) / sizeof(*configs))

static const struct env_count count = {
	"QSC_PACKETS", .full = FUZZ_FULL, .stock = FUZZ_STOCK, .debug = FUZZ_DEBUG,
	.quick = FUZZ_QUICK,
};

/* Permille of the chunks, by way; the rest is sendmmsg(). */
static const int shape_permille[FUZZ_WAYS][FUZZ_SHAPES] = {
	[FUZZ_TX] = { [SHAPE_GSO] = 350, [SHAPE_ZEROCOPY] = 60, [SHAPE_CORK] = 60,
		      [SHAPE_DF] = 50, [SHAPE_RAW] = 150, [SHAPE_FRAGMENTS] = 60 },
	[FUZZ_RX] = { [SHAPE_GSO] = 400, [SHAPE_ZEROCOPY] = 60, [SHAPE_CORK] = 0,
		      [SHAPE_DF] = 0, [SHAPE_RAW] = 150, [SHAPE_FRAGMENTS] = 60 },
};

/* Those that cost a system call or two for each packet come in few packets. */
#define FEW	8

static enum fuzz_shape any_shape(struct fuzz *f, enum fuzz_way way)
{
	int dice = rng_below(&f->rng, 1000);
	int i;

	if (f->calm)
		return SHAPE_MMSG;
	for (i = 1; i < FUZZ_SHAPES; i++) {
		dice -= shape_permille[way][i];
		if (dice < 0)
			break;
	}
	if (i == FUZZ_SHAPES)
		return SHAPE_MMSG;
	/* what GRO holds back would be overtaken by what it does not touch */
	if (f->cfg->gro && i >= SHAPE_RAW)
		return SHAPE_GSO;
	return i;
}

static enum fuzz_place any_place(struct fuzz *f)
{
	uint32_t dice = rng_below(&f->rng, 100);

	if (f->calm || f->cfg->gro || dice < 85)
		return AT_PEER;
	return 1 + dice % (FUZZ_PLACES - 1);
}

static void set_raw(struct fuzz *f, struct fuzz_item *it)
{
	it->options = rng_below(&f->rng, 4) == 0;
	it->no_checksum = rng_below(&f->rng, 4) == 0;
	/* nobody judges the lengths of what is none of a call's */
	if (it->place == AT_NOBODY || rng_below(&f->rng, 2))
		return;
	it->lie = rng_range(&f->rng, LIE_TAIL, LIE_STUB);
	it->lie_bytes = rng_range(&f->rng, 1, FUZZ_TAIL_MAX);
}

/* Both parts have to fit into the MTU; IPv6 says how short the first may be. */
static void set_fragments(struct fuzz *f, enum fuzz_way way, struct fuzz_item *it)
{
	bool v6 = f->cfg->family == AF_INET6;
	int len = it->pkt.len;
	int least = len > FUZZ_V6_SPLIT ? (len - FUZZ_V6_SPLIT + 7) / 8 : 1;
	int most = (len - 1) / 8;

	if (v6 ? len <= FUZZ_V6_SPLIT : len < 9) {
		it->shape = SHAPE_RAW;
		return;
	}
	if (most > FUZZ_V6_SPLIT / 8)
		most = FUZZ_V6_SPLIT / 8;
	it->split = v6 ? FUZZ_V6_SPLIT : 8 * rng_range(&f->rng, least, most);
	/* only the first part of a packet that leaves has the call's ports */
	it->backwards = (v6 || way == FUZZ_RX) && rng_below(&f->rng, 2);
}

/* Packets of one shape, between the same two. Returns their number. */
static int make_chunk(struct fuzz *f, enum fuzz_way way, struct fuzz_item *it, int room)
{
	enum fuzz_shape shape = any_shape(f, way);
	enum fuzz_place place = any_place(f);
	int ch = f->cfg->rtcp_port && rng_below(&f->rng, 4) == 0;
	int n = rng_range(&f->rng, 1, shape == SHAPE_MMSG || shape == SHAPE_GSO ? room :
			  room < FEW ? room : FEW);
	int len = 0;
	int i;

	for (i = 0; i < n; i++) {
		memset(&it[i], 0, sizeof(it[i]));
		it[i].shape = shape;
		it[i].place = place;
		it[i].ch = ch;
		if (shape == SHAPE_RAW)
			set_raw(f, &it[i]);
		/* the last segment may be shorter */
		if (len && i == n - 1 && rng_below(&f->rng, 2))
			len = rng_range(&f->rng, 1, len);
		fuzz_gen(f, way, &it[i], len);
		if (shape == SHAPE_FRAGMENTS)
			set_fragments(f, way, &it[i]);
		if (shape == SHAPE_GSO && !i) {
			len = it[0].pkt.len;
			if (!len || len > FUZZ_MTU - 48 || n == 1) {
				it[0].shape = SHAPE_MMSG;
				n = 1;
			}
			if (n * len > 60000)
				n = 60000 / len;
		}
		fuzz_rule(f, way, &it[i]);
	}
	return n;
}

/* Chunks go out as they are made; single: packet by packet. */
static void send_chunk(struct fuzz *f, enum fuzz_way way, struct fuzz_item *it, int n, bool single)
{
	int i;

	if (!single || it->shape == SHAPE_GSO) {
		fuzz_send(f, way, it, n);
		if (single)
			fuzz_check(f, way, it, n);
		return;
	}
	for (i = 0; i < n && !f->failed; i++) {
		fuzz_send(f, way, &it[i], 1);
		fuzz_check(f, way, &it[i], 1);
	}
}

static void run_batch(struct fuzz *f, enum fuzz_way way, int n)
{
	bool single = f->single_from >= 0 && f->batch >= f->single_from;
	int done = 0;
	int chunk;

	while (done < n && !f->failed) {
		chunk = make_chunk(f, way, &f->item[done], n - done);
		send_chunk(f, way, &f->item[done], chunk, single);
		done += chunk;
	}
	if (!single && !f->failed)
		fuzz_check(f, way, f->item, done);
	f->batch++;
}

/* Every stream gets every packet through, each way. */
static void run_calm(struct fuzz *f)
{
	int way, i;

	f->calm = true;
	for (way = 0; way < FUZZ_WAYS; way++) {
		run_batch(f, way, FUZZ_BATCH);
		for (i = 0; i < FUZZ_BATCH && !f->failed; i++)
			if (!f->item[i].delivered)
				fuzz_fail(f, &f->item[i], "a good packet is not delivered\n");
	}
	f->calm = false;
}

static void init_dir(struct fuzz *f, enum fuzz_way way)
{
	struct fuzz_dir *d = &f->dir[way];
	int i;

	d->keys.gens = 1;
	d->keys.window = f->cfg->window;
	master_random(&d->keys.gen[0], &f->rng, f->cfg->suite, f->cfg->mki_len);
	for (i = 0; i < FUZZ_STREAMS; i++) {
		d->stream[i].ssrc = (rng_u64(&f->rng) & 0xffffff) | i << 24;
		d->stream[i].index = (uint64_t)f->cfg->roc << 16 | rng_below(&f->rng, 65000);
		if (!f->cfg->roc)
			continue;
		d->keys.roc[d->keys.rocs++] = (struct srtp_roc){ d->stream[i].ssrc, f->cfg->roc };
		fuzz_rule_roc(f, way, d->stream[i].ssrc, f->cfg->roc);
	}
	/* the peer sends what the application receives */
	d->ref = ref_open(&d->keys, way == FUZZ_RX);
}

static void init(struct fuzz *f, const struct fuzz_config *cfg, uint64_t seed)
{
	const char *replay = getenv("QSC_REPLAY");

	memset(f, 0, sizeof(*f));
	f->cfg = cfg;
	f->single_from = replay ? strtol(replay, NULL, 0) : -1;
	rng_seed(&f->rng, seed);
	f->sk = dut_open(SIDE_A);
	fuzz_open(f);
	init_dir(f, FUZZ_TX);
	init_dir(f, FUZZ_RX);
	dut_call(f->sk, &(struct dut_call){
		.id = FUZZ_ID, .family = cfg->family, .suite = cfg->suite, .flags = cfg->flags,
		.rtcp_port = cfg->rtcp_port, .window = cfg->window });
	dut_key_ok(f->sk, FUZZ_ID, QSC_DIR_TX, &f->dir[FUZZ_TX].keys);
	dut_key_ok(f->sk, FUZZ_ID, QSC_DIR_RX, &f->dir[FUZZ_RX].keys);
	dut_stats(f->sk, FUZZ_ID, &f->before);
}

static void finish(struct fuzz *f)
{
	int way;

	dut_del(f->sk, FUZZ_ID);
	qsc_close(f->sk);
	fuzz_close(f);
	for (way = 0; way < FUZZ_WAYS; way++)
		srtp_dealloc(f->dir[way].ref);
}

static void tell(const struct fuzz *f)
{
	int i;

	ksft_print_msg("%llu packets, %llu of them delivered", (unsigned long long)f->sent,
		       (unsigned long long)f->received);
	for (i = 1; i < QSC_A_STATS_PAD; i++)
		if (f->fates[i])
			printf(" %s:%llu", qsc_stat_name(i), (unsigned long long)f->fates[i]);
	if (f->cfg->gro)
		printf(" came as %u", f->frames);
	printf("\n");
}

static uint64_t run(struct fuzz *f, const struct fuzz_config *cfg, uint64_t seed, unsigned int all)
{
	uint64_t packets = (uint64_t)all * cfg->permille / 1000;

	init(f, cfg, seed);
	run_calm(f);
	while (f->sent < packets && !f->failed)
		run_batch(f, f->batch % FUZZ_WAYS, FUZZ_BATCH);
	if (!f->failed)
		run_calm(f);
	tell(f);
	finish(f);
	ksft_test_result(!f->failed, "every packet has its one fate: %s\n", cfg->name);
	return f->sent;
}

int main(void)
{
	const char *config = getenv("QSC_CONFIG");
	size_t only = config ? strtoul(config, NULL, 0) : 0;
	static struct fuzz f;
	unsigned int packets;
	uint64_t total = 0;
	uint64_t seed;
	size_t i;

	ksft_print_header();
	if (srtp_init())
		ksft_exit_fail_msg("srtp_init failed\n");
	net_pin();
	net_up();
	qsc_close(dut_open(SIDE_A));
	packets = env_count(&count);
	ksft_set_plan(only ? 1 : N_CONFIGS + 1);
	seed = env_seed();

	for (i = 0; i < N_CONFIGS; i++)
		if (!only || only == i + 1)
			total += run(&f, &configs[i], seed + i, packets);
	if (!only)
		ksft_test_result(total >= packets, "%llu packets were offered\n",
				 (unsigned long long)total);
	ksft_finished();
}
