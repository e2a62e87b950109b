// SPDX-License-Identifier: GPL-2.0
/*
 * The module against libsrtp2, both directions, packet by packet.
 *
 *   QSC_SEED=n srtp_diff [-s [DEFECT]]
 *
 * QSC_SEED replays a run. QUICK=1 runs a twentieth of the packets, a kernel that
 * looks for bugs a fifth unless QSC_FULL=1; QSC_PERCENT says otherwise. -s puts
 * libsrtp in the place of the module, so that the test itself can be tested
 * without one; with DEFECT (bit, header, leak, lose, accept) the stand-in
 * misbehaves now and then, and the test has to notice.
 *
 * Where the two differ on principle:
 * - SRTCP indices start at 0 (RFC 3711 section 3.4), libsrtp's at 1; see
 *   diff_tx.c.
 * - Unencrypted SRTCP (E = 0) is never accepted; libsrtp accepts it if it is
 *   authentic. drops.c has that case.
 * - After index 2^48 - 1 the module stops; libsrtp starts again at 0. drops.c
 *   has that too; ROC_LAST stays below.
 */
#include <string.h>
#include <time.h>

#include "../lib/ksft.h"
#include "diff.h"
#include "env.h"

#define GCM256 QSC_SUITE_AEAD_AES_256_GCM
#define GCM128 QSC_SUITE_AEAD_AES_128_GCM
#define V6 AF_INET6

static const struct env_count share = {
	"QSC_PERCENT", .full = 100, .stock = 100, .debug = 20, .quick = 5,
};

static const struct scenario scenarios[] = {
	{ "AES-256-GCM, RTCP multiplexed", .packets = 24000, .suite = GCM256,
	  .window = 1024, .streams = 8, .rtcp_permille = 100, .leaps = true },
	{ "AES-128-GCM, RTCP on its own port, IPv6", .packets = 18000, .suite = GCM128,
	  .family = V6, .rtcp_port = true, .window = 128, .streams = 4,
	  .rtcp_permille = 200, .leaps = true },
	{ "late join with the ROC given, 16 SSRCs", .packets = 10000, .suite = GCM256,
	  .window = 256, .streams = 16, .roc = ROC_GIVEN, .rtcp_permille = 50,
	  .leaps = true },
	{ "ROC 0xfffffffe wraps to 0xffffffff", .packets = 4000, .suite = GCM128,
	  .window = 64, .streams = 4, .roc = ROC_LAST, .rtcp_permille = 50 },
	{ "late join without the ROC accepts nothing", .packets = 1600, .suite = GCM256,
	  .window = 1024, .streams = 2, .roc = ROC_UNTOLD, .only = QSC_DIR_RX },
	{ "smallest window", .packets = 10000, .suite = GCM256, .window = 64,
	  .streams = 1, .leaps = true },
	{ "largest window", .packets = 8000, .suite = GCM256, .window = 32736,
	  .streams = 2, .leaps = true },
	{ "32 SSRCs", .packets = 5000, .suite = GCM128, .window = 96, .streams = 32,
	  .rtcp_permille = 100, .leaps = true },
	{ "RTCP only, replay and reorder", .packets = 5000, .suite = GCM256,
	  .window = 128, .streams = 1, .rtcp_permille = 1000 },
	{ "MKI of 1 byte", .packets = 3500, .suite = GCM128, .mki_len = 1,
	  .window = 128, .streams = 3, .rtcp_permille = 100, .leaps = true },
	{ "MKI of 4 bytes, IPv6", .packets = 3500, .suite = GCM256, .mki_len = 4,
	  .family = V6, .window = 128, .streams = 3, .rtcp_permille = 100, .leaps = true },
	{ "MKI of 128 bytes", .packets = 3500, .suite = GCM256, .mki_len = 128,
	  .window = 128, .streams = 3, .rtcp_permille = 100, .leaps = true },
	{ "rekey keeps ROC, window and SRTCP index", .packets = 10000, .suite = GCM256,
	  .mki_len = 2, .window = 128, .streams = 4, .rtcp_permille = 100,
	  .leaps = true, .rekey = true },
	{ "the cipher for where SIMD cannot be used", .packets = 2500, .suite = GCM256,
	  .window = 128, .streams = 4, .rtcp_permille = 100, .leaps = true,
	  .portable = true },
};

#define N_SCENARIOS (sizeof(scenarios) / sizeof(*scenarios))

static uint64_t total[3];	/* by enum qsc_dir */

static uint32_t initial_roc(struct run *run)
{
	switch (run->sc->roc) {
	case ROC_ZERO:
		return 0;
	case ROC_LAST:
		return 0xfffffffe;
	default:
		return rng_range(&run->rng, 1, 0x7fffffff);
	}
}

static void set_up_streams(struct run *run)
{
	const struct scenario *sc = run->sc;
	uint16_t seq;
	int i;

	run->keys.gens = 1 + sc->rekey;
	run->keys.window = sc->window;
	for (i = 0; i < run->keys.gens; i++)
		master_random(&run->keys.gen[i], &run->rng, sc->suite, sc->mki_len);
	/* random could make them equal, and a byte of MKI often would */
	run->keys.gen[1].mki[0] = run->keys.gen[0].mki[0] ^ 1;

	for (i = 0; i < sc->streams; i++) {
		struct stream *st = &run->stream[i];

		/* a few packets may be lost before the first wrap */
		seq = sc->roc == ROC_LAST ? rng_range(&run->rng, 64800, 65200) :
		      rng_below(&run->rng, 64000);
		/* the high bits tell the streams apart */
		st->ssrc = (rng_u64(&run->rng) & 0x00ffffff) | i << 24;
		st->index = (uint64_t)initial_roc(run) << 16 | seq;
		if (sc->roc)
			run->keys.roc[run->keys.rocs++] =
				(struct srtp_roc){ st->ssrc, st->index >> 16 };
	}
}

/* Only a cipher that hands work on where SIMD cannot be used has such an inside. */
static bool cipher_needs_simd(void)
{
	FILE *f = fopen("/proc/crypto", "r");
	char line[256];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, ": __gcm(aes)\n");
	if (f)
		fclose(f);
	return found;
}

/* Without SIMD the module must count each packet as such, if that matters here. */
static void set_portable(bool on)
{
	FILE *f = fopen("/sys/module/qsc/parameters/simd", "w");

	if (!f || fputs(on ? "N" : "Y", f) < 0 || fclose(f))
		ksft_exit_fail_msg("cannot set the module's parameter simd\n");
}

static void check_portable(struct run *run, const struct qsc_stats *st, int counter)
{
	uint64_t all = cipher_needs_simd() ? run->tally.rtp + run->tally.rtcp : 0;

	/* elsewhere it may happen, when an interrupt hits the cipher */
	if (run->sc->portable && st->count[counter] != all)
		diff_fail(run, "%s is %llu\n", qsc_stat_name(counter),
			  (unsigned long long)st->count[counter]);
}

static void check_counters(struct run *run, int dir)
{
	const struct tally *t = &run->tally;
	struct qsc_stats none = {}, st;
	const uint64_t tx[] = {
		QSC_A_STATS_TX_RTP, t->rtp,
		QSC_A_STATS_TX_RTCP, t->rtcp,
		QSC_A_STATS_TX_DROP_TX_REUSE, t->replay,
		0
	};
	uint64_t drops = 0;
	int i;

	dut_stats(run->sk, "diff", &st);
	check_portable(run, &st, dir == QSC_DIR_TX ? QSC_A_STATS_TX_NOSIMD :
						     QSC_A_STATS_RX_NOSIMD);
	if (dir == QSC_DIR_TX) {
		if (!dut_stats_moved(&none, &st, tx))
			diff_fail(run, "the module counted differently\n");
		return;
	}
	/* a damaged packet may be any kind of wrong: their sum must be right */
	for (i = QSC_A_STATS_RX_DROP_NO_KEY; i <= QSC_A_STATS_RX_DROP_CRYPTO; i++)
		drops += st.count[i];
	if (st.count[QSC_A_STATS_RX_RTP] != t->rtp ||
	    st.count[QSC_A_STATS_RX_RTCP] != t->rtcp ||
	    st.count[QSC_A_STATS_RX_PASSED] ||
	    drops != t->replay + t->old + t->forged)
		diff_fail(run, "counted %llu RTP, %llu RTCP, %llu dropped\n",
			  (unsigned long long)st.count[QSC_A_STATS_RX_RTP],
			  (unsigned long long)st.count[QSC_A_STATS_RX_RTCP],
			  (unsigned long long)drops);
	/* what is undamaged is counted under its exact reason, and more on top */
	if (st.count[QSC_A_STATS_RX_DROP_REPLAY] < t->replay ||
	    st.count[QSC_A_STATS_RX_DROP_OLD] < t->old)
		diff_fail(run, "counted %llu replayed and %llu old\n",
			  (unsigned long long)st.count[QSC_A_STATS_RX_DROP_REPLAY],
			  (unsigned long long)st.count[QSC_A_STATS_RX_DROP_OLD]);
}

static const char *promise(int dir)
{
	return dir == QSC_DIR_TX ? "sends as libsrtp does" : "receives as libsrtp does";
}

static void run_one(struct scenario *sc, int dir, uint64_t seed, const struct standin *standin,
		    struct qsc_sock *sk)
{
	struct run *run = calloc(1, sizeof(*run));
	struct timespec t0, t1;

	if (!run)
		ksft_exit_fail_msg("out of memory\n");
	run->sc = sc;
	run->sk = sk;
	run->standin = *standin;
	rng_seed(&run->rng, seed);
	set_up_streams(run);
	diff_open(run);
	if (!standin->on)
		dut_call(sk, &(struct dut_call){
			.id = "diff", .family = sc->family, .suite = sc->suite,
			.rtcp_port = sc->rtcp_port, .window = sc->window });

	if (sc->portable && !standin->on)
		set_portable(true);
	clock_gettime(CLOCK_MONOTONIC, &t0);
	if (dir == QSC_DIR_TX)
		diff_tx(run);
	else
		diff_rx(run);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	if (sc->portable && !standin->on)
		set_portable(false);

	if (!standin->on) {
		check_counters(run, dir);
		dut_del(sk, "diff");
	}
	diff_close(run);
	total[dir] += run->tally.shown;
	ksft_print_msg("%llu packets in %.1f s: %llu RTP, %llu RTCP; refused: %llu replayed, %llu old, %llu forged\n",
		       (unsigned long long)run->tally.shown,
		       t1.tv_sec - t0.tv_sec + (t1.tv_nsec - t0.tv_nsec) / 1e9,
		       (unsigned long long)run->tally.rtp,
		       (unsigned long long)run->tally.rtcp,
		       (unsigned long long)run->tally.replay,
		       (unsigned long long)run->tally.old,
		       (unsigned long long)run->tally.forged);
	ksft_test_result(!run->failed, "%s: %s\n", promise(dir), sc->name);
	free(run);
}

static bool wanted(const struct scenario *sc, int dir)
{
	return (!sc->only || sc->only == dir) && ksft_wanted("%s: %s", promise(dir), sc->name);
}

int main(int argc, char **argv)
{
	struct standin standin = { .on = argc > 1 && !strcmp(argv[1], "-s") };
	unsigned int percent = env_count(&share);
	bool all = percent == 100 && !ksft_env("QSC_ONLY");
	struct qsc_sock *sk = NULL;
	unsigned int plan = all;
	uint64_t seed;
	size_t i;
	int dir;

	if (argc > 2)
		standin.defect = argv[2];
	ksft_print_header();
	for (i = 0; i < N_SCENARIOS; i++)
		for (dir = QSC_DIR_TX; dir <= QSC_DIR_RX; dir++)
			plan += wanted(&scenarios[i], dir);
	if (srtp_init())
		ksft_exit_fail_msg("srtp_init failed\n");
	net_pin();
	net_up();
	if (!standin.on)
		sk = dut_open(SIDE_A);
	ksft_set_plan(plan);
	seed = env_seed();

	for (i = 0; i < N_SCENARIOS; i++) {
		struct scenario sc = scenarios[i];

		sc.packets = sc.packets * percent / 100;
		for (dir = QSC_DIR_TX; dir <= QSC_DIR_RX; dir++)
			if (wanted(&scenarios[i], dir))
				run_one(&sc, dir, seed + 2 * i + dir, &standin, sk);
	}
	if (all)
		ksft_test_result(total[QSC_DIR_TX] >= 100000 && total[QSC_DIR_RX] >= 100000,
				 "%llu packets sent and %llu received were compared\n",
				 (unsigned long long)total[QSC_DIR_TX],
				 (unsigned long long)total[QSC_DIR_RX]);
	qsc_close(sk);
	ksft_finished();
}
