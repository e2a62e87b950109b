// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation fails once: each operation is done again and again, and the
 * first, second, third ... allocation that it makes in the kernel fails, until
 * it makes no more. It says that it failed and has changed nothing, or it has
 * done all that it had to. Packets are dropped and counted, never sent in clear.
 *
 * That nothing leaks is for kmemleak to say, here and where the rig asks at the end;
 * that no key is left behind is looked for in all of the memory, freed or not.
 */
#include <srtp2/srtp.h>
#include <stdlib.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "dut.h"
#include "fail.h"
#include "knob.h"
#include "net.h"

int main(void)
{
	bool all = !ksft_env("QSC_ONLY"); /* only the packets ask for it */

	ksft_print_header();
	if (srtp_init())
		ksft_exit_fail_msg("srtp_init failed\n");
	net_pin();
	net_up();
	qsc_close(dut_open(SIDE_A));
	inj_open();
	knob_set("/sys/kernel/rcu_expedited", "1");
	ksft_set_plan(fail_packet_plan() + (all ? fail_nl_plan() + fail_system_plan() + 1 : 0));
	if (all)
		fail_nl();
	fail_packet();
	if (all) {
		fail_system();
		fail_leaks();
	}
	ksft_finished();
}
