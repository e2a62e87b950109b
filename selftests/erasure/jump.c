// SPDX-License-Identifier: GPL-2.0
/*
 * jump [--crash ADDRESS] - load a "kernel" that does nothing but say so on the
 * serial console and stay: what is in memory when a kernel has handed over to
 * another one can be looked at. With --crash it is the one for a panic, to be put
 * to the memory that crashkernel= has reserved, at ADDRESS. Then "reboot" with
 * -k, or a panic, jumps.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/kexec.h>
#include <linux/reboot.h>
#include <sys/syscall.h>

#define ANYWHERE 0x1000000UL
#define PAGE 4096UL

/* In long mode, at any address */
__asm__(".pushsection .rodata\n"
	"code: cli\n"
	"	mov $0x3f8, %dx\n"
	"	lea text(%rip), %rsi\n"
	"1:	lodsb\n"
	"	test %al, %al\n"
	"	jz 2f\n"
	"	out %al, %dx\n"
	"	jmp 1b\n"
	"2:	hlt\n"
	"	jmp 2b\n"
	"text:	.asciz \"\\r\\njump: there\\r\\n\"\n"
	"	.balign 4\n"
	"code_len: .long . - code\n"
	"	.popsection");

extern const uint8_t code[];
extern const uint32_t code_len;

int main(int argc, char **argv)
{
	static uint8_t page[PAGE] __attribute__((aligned(4096)));
	struct kexec_segment segment = { page, sizeof(page), (void *)ANYWHERE, PAGE };
	unsigned long flags = KEXEC_ARCH_X86_64;

	if (argc == 3 && !strcmp(argv[1], "--crash")) {
		segment.mem = (void *)strtoul(argv[2], NULL, 0);
		flags |= KEXEC_ON_CRASH;
	} else if (argc != 1) {
		fputs("usage: jump [--crash ADDRESS]\n", stderr);
		return 2;
	}
	memcpy(page, code, code_len);
	if (syscall(SYS_kexec_load, (unsigned long)segment.mem, 1UL, &segment, flags)) {
		fprintf(stderr, "jump: kexec_load: %s\n", strerror(errno));
		return 1;
	}
	if (flags & KEXEC_ON_CRASH)
		return 0;
	sync();
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL);
	fprintf(stderr, "jump: reboot: %s\n", strerror(errno));
	return 1;
}
