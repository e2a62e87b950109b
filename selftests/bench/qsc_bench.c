// SPDX-License-Identifier: GPL-2.0
/*
 * Counts what a packet costs in the module: the instructions from the entry of
 * its netfilter hook to the exit, and those of the bare AEAD call on the same
 * bytes. To be loaded in a machine where the time stamp counter advances by
 * one per instruction (QEMU -icount shift=0), inside a network namespace that
 * bench/guest has given two calls which talk to each other.
 *
 * Each figure is the median of many packets, less what reading the counter
 * takes; every packet is compared with what was sent.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <asm/msr.h>
#include <crypto/aead.h>
#include <linux/inet.h>
#include <linux/ip.h>
#include <linux/module.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/nsproxy.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/tracepoint.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/route.h>

#define ROUNDS 401
#define RTP_HEADER 12
#define TAG 16
#define SSRC 0x51534321
#define HEADERS (sizeof(struct iphdr) + sizeof(struct udphdr) + RTP_HEADER)

static unsigned int key_len = 32;
module_param(key_len, uint, 0444);
MODULE_PARM_DESC(key_len, "Bytes of the session key: 16 or 32");

static unsigned int payloads[8] = { 20, 80, 160, 1200 };
static int nr_payloads = 4;
module_param_array(payloads, uint, &nr_payloads, 0444);
MODULE_PARM_DESC(payloads, "Sizes of RTP payload in bytes");

static unsigned int port = 5000;
module_param(port, uint, 0444);
MODULE_PARM_DESC(port, "UDP port of both calls");

static bool relay;
module_param(relay, bool, 0444);
MODULE_PARM_DESC(relay, "Count a relay call on the way of these packets, to the end of the device that it sends by");

static bool unrelated;
module_param(unrelated, bool, 0444);
MODULE_PARM_DESC(unrelated, "Count netfilter's whole dispatch for a packet of no call instead");

struct samples {
	u64 n[ROUNDS];
	int used;
};

struct bare {
	struct crypto_aead *tfm;
	struct aead_request *req;
	struct scatterlist sg[1];
	u8 iv[12];
	u8 *buf;
};

/* Counts calls of the allocators by this CPU while a hook runs. */
static struct {
	struct tracepoint *tp[8];
	int used;
	bool on;
	u64 calls;
} allocs;

static struct net *net;
static u16 seq = 1;
static u64 overhead;

static int compare_u64(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static u64 median(struct samples *s)
{
	sort(s->n, s->used, sizeof(s->n[0]), compare_u64, NULL);
	return s->n[s->used / 2] - min(overhead, s->n[s->used / 2]);
}

static void calibrate(struct samples *s)
{
	u64 t;

	overhead = 0;
	for (s->used = 0; s->used < ROUNDS; s->used++) {
		t = rdtsc_ordered();
		s->n[s->used] = rdtsc_ordered() - t;
	}
	overhead = median(s);
}

/* As udp_sendmsg() leaves it on a device with checksum offload. */
static struct sk_buff *make_packet(u32 payload)
{
	u32 len = HEADERS + payload;
	struct udphdr *uh;
	struct sk_buff *skb;
	struct iphdr *ip;
	u8 *rtp;
	u32 i;

	skb = alloc_skb(LL_MAX_HEADER + len + 15, GFP_KERNEL);
	if (!skb)
		return NULL;
	skb_reserve(skb, LL_MAX_HEADER);
	skb_reset_network_header(skb);
	ip = skb_put_zero(skb, len);
	ip->version = 4;
	ip->ihl = 5;
	ip->ttl = 64;
	ip->protocol = IPPROTO_UDP;
	ip->saddr = in_aton("192.0.2.1");
	ip->daddr = in_aton("192.0.2.2");
	ip->tot_len = htons(len);
	ip_send_check(ip);
	skb->protocol = htons(ETH_P_IP);
	skb_set_transport_header(skb, sizeof(*ip));
	uh = udp_hdr(skb);
	uh->source = htons(port);
	uh->dest = htons(port);
	uh->len = htons(len - sizeof(*ip));
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = offsetof(struct udphdr, check);

	rtp = (u8 *)(uh + 1);
	rtp[0] = 0x80;
	rtp[1] = 96;
	*(__be16 *)(rtp + 2) = htons(seq++);
	*(__be32 *)(rtp + 8) = htonl(SSRC);
	for (i = 0; i < payload; i++)
		rtp[RTP_HEADER + i] = i;
	return skb;
}

static bool is_intact(struct sk_buff *skb, u32 payload)
{
	const u8 *rtp = skb->data + HEADERS - RTP_HEADER;
	u32 i;

	if (skb->len != HEADERS + payload)
		return false;
	for (i = 0; i < payload; i++)
		if (rtp[RTP_HEADER + i] != (u8)i)
			return false;
	return true;
}

static int set_route(struct sk_buff *skb)
{
	struct flowi4 fl4 = { .daddr = ip_hdr(skb)->daddr, .saddr = ip_hdr(skb)->saddr };
	struct rtable *rt;

	rt = ip_route_output_key(net, &fl4);
	if (IS_ERR(rt))
		return PTR_ERR(rt);
	skb_dst_set(skb, &rt->dst);
	return 0;
}

/* The arguments differ between kernels; this one takes none of them. */
static void on_alloc(void *data)
{
	if (allocs.on)
		allocs.calls++;
}

static void find_allocator(struct tracepoint *tp, void *data)
{
	static const char *const names[] = { "kmalloc", "kmalloc_node", "kmem_cache_alloc",
					     "kmem_cache_alloc_node", "mm_page_alloc" };
	int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(tp->name, names[i]) && allocs.used < ARRAY_SIZE(allocs.tp))
			allocs.tp[allocs.used++] = tp;
}

static int watch_allocators(void)
{
	int i, err;

	for_each_kernel_tracepoint(find_allocator, NULL);
	for (i = 0; i < allocs.used; i++) {
		err = tracepoint_probe_register(allocs.tp[i], on_alloc, NULL);
		if (err) {
			allocs.used = i;
			return err;
		}
	}
	return allocs.used < 3 ? -ENOENT : 0;
}

static void unwatch_allocators(void)
{
	while (allocs.used)
		tracepoint_probe_unregister(allocs.tp[--allocs.used], on_alloc, NULL);
	tracepoint_synchronize_unregister();
}

static int never(struct net *n, struct sock *sk, struct sk_buff *skb)
{
	return 0;
}

/* The namespace is ours alone: the one hook there is the module's. */
static const struct nf_hook_entry *find_hook(unsigned int hook)
{
	struct nf_hook_entries *e = rcu_dereference(net->nf.hooks_ipv4[hook]);

	return e && e->num_hook_entries == 1 ? &e->hooks[0] : NULL;
}

static u64 time_hook(unsigned int hook, struct sk_buff *skb, unsigned int *verdict)
{
	const struct nf_hook_entry *entry = find_hook(hook);
	struct net_device *dev = net->loopback_dev;
	struct nf_hook_state state;
	u64 t;

	*verdict = NF_DROP;
	if (!entry)
		return 0;
	nf_hook_state_init(&state, hook, NFPROTO_IPV4, dev, dev, NULL, net, never);
	allocs.on = allocs.used;
	t = rdtsc_ordered();
	*verdict = entry->hook(entry->priv, skb, &state);
	t = rdtsc_ordered() - t;
	allocs.on = false;
	return t;
}

/* To be decrypted, encrypted with another key, and sent: it is gone then. */
static int relay_packet(struct sk_buff *skb, u64 *took)
{
	unsigned int verdict;

	skb_dst_drop(skb);
	skb->dev = net->loopback_dev;
	rcu_read_lock_bh();
	*took = time_hook(NF_INET_PRE_ROUTING, skb, &verdict);
	rcu_read_unlock_bh();
	if (verdict == NF_STOLEN)
		return 0;
	kfree_skb(skb);
	return -EBADMSG;
}

/* Sending runs in a task, receiving in a softirq. */
static int one_packet(u32 payload, u64 *encrypt, u64 *decrypt)
{
	unsigned int verdict;
	struct sk_buff *skb;
	int err;

	skb = make_packet(payload);
	if (!skb)
		return -ENOMEM;
	err = set_route(skb);
	if (err)
		goto out;
	err = -EBADMSG;
	rcu_read_lock();
	*encrypt = time_hook(NF_INET_LOCAL_OUT, skb, &verdict);
	rcu_read_unlock();
	if (verdict == NF_STOLEN)
		return err;
	if (verdict != NF_ACCEPT || is_intact(skb, payload))
		goto out;
	if (relay)
		return relay_packet(skb, decrypt);
	rcu_read_lock_bh();
	*decrypt = time_hook(NF_INET_LOCAL_IN, skb, &verdict);
	rcu_read_unlock_bh();
	if (verdict == NF_ACCEPT && is_intact(skb, payload))
		err = 0;
out:
	kfree_skb(skb);
	return err;
}

static u64 time_bare(struct bare *b, u32 payload, bool enc)
{
	u64 t;

	sg_init_one(b->sg, b->buf, RTP_HEADER + payload + TAG);
	aead_request_set_tfm(b->req, b->tfm);
	aead_request_set_callback(b->req, 0, NULL, NULL);
	aead_request_set_ad(b->req, RTP_HEADER);
	aead_request_set_crypt(b->req, b->sg, b->sg, enc ? payload : payload + TAG, b->iv);
	local_bh_disable();
	t = rdtsc_ordered();
	if (enc)
		crypto_aead_encrypt(b->req);
	else
		crypto_aead_decrypt(b->req);
	t = rdtsc_ordered() - t;
	local_bh_enable();
	return t;
}

static void free_bare(struct bare *b)
{
	aead_request_free(b->req);
	crypto_free_aead(b->tfm);
	kfree_sensitive(b->buf);
}

/* The same driver that the module uses, see kmod/aead.c. */
static int alloc_bare(struct bare *b)
{
	u8 key[32];
	int err;

	b->tfm = crypto_alloc_aead("__gcm(aes)", CRYPTO_ALG_INTERNAL,
				   CRYPTO_ALG_INTERNAL | CRYPTO_ALG_ASYNC);
	if (IS_ERR(b->tfm))
		b->tfm = crypto_alloc_aead("gcm(aes)", 0, CRYPTO_ALG_ASYNC);
	if (IS_ERR(b->tfm))
		return PTR_ERR(b->tfm);
	get_random_bytes(key, sizeof(key));
	err = crypto_aead_setkey(b->tfm, key, key_len);
	memzero_explicit(key, sizeof(key));
	b->req = err ? NULL : aead_request_alloc(b->tfm, GFP_KERNEL);
	b->buf = kzalloc(PAGE_SIZE, GFP_KERNEL);
	if (b->req && b->buf)
		return 0;
	free_bare(b);
	return err ?: -ENOMEM;
}

static int bench_payload(struct bare *b, struct samples *s, u32 payload)
{
	struct samples *enc = &s[0], *dec = &s[1], *bare_enc = &s[2], *bare_dec = &s[3];
	int i, err;

	for (i = 0; i < ROUNDS; i++) {
		err = one_packet(payload, &enc->n[i], &dec->n[i]);
		if (err) {
			pr_err("packet %d of %u bytes did not get through: %d\n", i, payload, err);
			return err;
		}
		bare_enc->n[i] = time_bare(b, payload, true);
		bare_dec->n[i] = time_bare(b, payload, false);
	}
	enc->used = ROUNDS;
	dec->used = ROUNDS;
	bare_enc->used = ROUNDS;
	bare_dec->used = ROUNDS;
	if (relay) {
		pr_info("relay %u %llu %llu\n", payload, median(dec),
			median(bare_enc) + median(bare_dec));
		return 0;
	}
	pr_info("encrypt %u %llu %llu\n", payload, median(enc), median(bare_enc));
	pr_info("decrypt %u %llu %llu\n", payload, median(dec), median(bare_dec));
	return 0;
}

/* Apart from the counting of instructions, which the probes would disturb. */
static int bench_allocations(void)
{
	u64 t;
	void *p;
	int i, err;

	err = watch_allocators();
	if (err)
		goto out;
	/* Do the probes see anything? */
	allocs.on = true;
	p = kmalloc(payloads[0] + 1, GFP_KERNEL);
	allocs.on = false;
	kfree(p);
	err = allocs.calls ? 0 : -ENODATA;
	allocs.calls = 0;
	for (i = 0; i < ROUNDS && !err; i++)
		err = one_packet(payloads[i % nr_payloads], &t, &t);
	if (!err)
		pr_info("allocations %d %llu 0\n", ROUNDS, allocs.calls);
out:
	unwatch_allocators();
	return err;
}

static int bench_calls(struct samples *s)
{
	struct bare b = {};
	int i, err;

	err = alloc_bare(&b);
	if (err)
		return err;
	pr_info("driver %s\n", crypto_tfm_alg_driver_name(crypto_aead_tfm(b.tfm)));
	for (i = 0; i < nr_payloads && !err; i++)
		err = bench_payload(&b, s, payloads[i]);
	free_bare(&b);
	return err ?: bench_allocations();
}

static int bench_unrelated(struct samples *s, unsigned int hook, const char *name)
{
	struct net_device *dev = net->loopback_dev;
	struct sk_buff *skb;
	u64 t;
	int i;

	skb = make_packet(160);
	if (!skb)
		return -ENOMEM;
	for (i = 0; i < ROUNDS; i++) {
		t = rdtsc_ordered();
		if (nf_hook(NFPROTO_IPV4, hook, net, NULL, skb, dev, dev, never) != 1)
			return -EBADMSG;
		s->n[i] = rdtsc_ordered() - t;
	}
	s->used = ROUNDS;
	kfree_skb(skb);
	pr_info("%s 160 %llu 0\n", name, median(s));
	return 0;
}

static int __init bench_init(void)
{
	struct samples *s;
	int i, err = -EINVAL;

	net = current->nsproxy->net_ns;
	for (i = 0; i < nr_payloads; i++)
		if (payloads[i] > PAGE_SIZE - RTP_HEADER - TAG)
			return err;
	s = kvmalloc_array(4, sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	calibrate(s);
	if (unrelated) {
		err = bench_unrelated(s, NF_INET_LOCAL_OUT, "unrelated-out");
		if (!err)
			err = bench_unrelated(s, NF_INET_LOCAL_IN, "unrelated-in");
	} else {
		err = bench_calls(s);
	}
	kvfree(s);
	return err;
}

static void __exit bench_exit(void)
{
}

module_init(bench_init);
module_exit(bench_exit);

MODULE_DESCRIPTION("Counts instructions per packet in qsc");
MODULE_LICENSE("GPL");
