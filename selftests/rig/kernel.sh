# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the rig needs to know of a kernel. To be sourced after common.sh.

# kernel_find 6.1|6.12|NAME|PATH: a stock kernel, one that rig/kernels/build
# makes (debug-6.12, ...), or the folder of another one: either laid out as
# rig/fetch does it, or a finished kernel build tree (with its modules, if it
# has any, installed to INSTALL_MOD_PATH=<tree>/modroot).
# Sets
#   release	what uname -r will say
#   image	what QEMU starts
#   kdir	where modules for it are built
#   modroot	the folder that holds lib/modules/<release>
# shellcheck disable=SC2034 # read by the scripts that source this file
kernel_find() {
	case $1 in
	*/* | . | ..) kernel=$(cd "$1" && pwd -P) || die "no such kernel: $1" ;;
	*-*) kernel=$("${top:?}/selftests/rig/kernels/build" "$1") || exit "$EXIT_RIG" ;;
	*) kernel=$("${top:?}/selftests/rig/fetch" "$1") || exit "$EXIT_RIG" ;;
	esac

	if [ -e "$kernel/release" ]; then
		release=$(cat "$kernel/release")
		image=$kernel/vmlinux
		kdir=$kernel/lib/modules/$release/build
		modroot=$kernel
	elif [ -e "$kernel/include/config/kernel.release" ]; then
		release=$(cat "$kernel/include/config/kernel.release")
		image=$kernel/arch/x86/boot/bzImage
		! grep -qs '^CONFIG_PVH=y' "$kernel/.config" || image=$kernel/vmlinux
		kdir=$kernel
		modroot=$kernel/modroot
	else
		die "$kernel is neither an unpacked nor a freshly built kernel"
	fi
	[ -e "$image" ] || die "no kernel image at $image"
}

# module_files MODULE...: what to insert for these modules or aliases of the
# kernel, in an order that works, as lines of name and file.
module_files() {
	[ -e "$modroot/lib/modules/$release/modules.dep" ] || return 0
	for m; do
		modprobe -d "$modroot" -S "$release" --show-depends "$m" ||
			say "the kernel $release has no module $m"
	done | awk '$1 == "insmod" && !seen[$2]++ {
		name = $2
		gsub(/.*\/|\.ko$/, "", name)
		gsub("-", "_", name)
		print name, $2
	}'
}
