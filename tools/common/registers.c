// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * With ones: registers of zeros count as unused, and what is unused the kernel
 * does not save; its older copy would stay as it is.
 */
#include "registers.h"

#if defined(__x86_64__)

#define ALL(op)                                                                                  \
	op("0") op("1") op("2") op("3") op("4") op("5") op("6") op("7") op("8") op("9") op("10") \
		op("11") op("12") op("13") op("14") op("15")
#define MORE(op)                                                                                  \
	op("16") op("17") op("18") op("19") op("20") op("21") op("22") op("23") op("24") op("25") \
		op("26") op("27") op("28") op("29") op("30") op("31")
#define SSE(n) "pcmpeqd %%xmm" n ", %%xmm" n "\n\t"
#define AVX2(n) "vpcmpeqd %%ymm" n ", %%ymm" n ", %%ymm" n "\n\t"
#define AVX512(n) "vpternlogd $0xff, %%zmm" n ", %%zmm" n ", %%zmm" n "\n\t"
#define CHANGED                                                                                  \
	"xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", \
		"xmm11", "xmm12", "xmm13", "xmm14", "xmm15"

void registers_wipe(void)
{
	if (__builtin_cpu_supports("avx512f"))
		__asm__ volatile(ALL(AVX512) MORE(AVX512)::: CHANGED);
	else if (__builtin_cpu_supports("avx2"))
		__asm__ volatile(ALL(AVX2)::: CHANGED);
	else
		__asm__ volatile(ALL(SSE)::: CHANGED);
}

#elif defined(__aarch64__)

void registers_wipe(void)
{
	__asm__ volatile("movi v0.16b, #255\n\tmovi v1.16b, #255\n\tmovi v2.16b, #255\n\t"
			 "movi v3.16b, #255\n\tmovi v4.16b, #255\n\tmovi v5.16b, #255\n\t"
			 "movi v6.16b, #255\n\tmovi v7.16b, #255\n\tmovi v16.16b, #255\n\t"
			 "movi v17.16b, #255\n\tmovi v18.16b, #255\n\tmovi v19.16b, #255\n\t"
			 "movi v20.16b, #255\n\tmovi v21.16b, #255\n\tmovi v22.16b, #255\n\t"
			 "movi v23.16b, #255\n\tmovi v24.16b, #255\n\tmovi v25.16b, #255\n\t"
			 "movi v26.16b, #255\n\tmovi v27.16b, #255\n\tmovi v28.16b, #255\n\t"
			 "movi v29.16b, #255\n\tmovi v30.16b, #255\n\tmovi v31.16b, #255\n\t" ::
				 : "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17",
				   "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26",
				   "v27", "v28", "v29", "v30", "v31");
}

#else

void registers_wipe(void)
{
}

#endif
