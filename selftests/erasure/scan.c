// SPDX-License-Identifier: GPL-2.0
/*
 * scan IMAGE <SECRETS - look for secrets in a memory or a disk.
 *
 * IMAGE is raw, or an ELF dump as QEMU makes it. SECRETS are lines of a name and
 * of hexadecimal digits. Each secret is looked for in pieces of eight bytes, at
 * any address: what is left of one that was half overwritten is found, too. Eight
 * random bytes are no coincidence: 2^30 places and 2^16 pieces make 2^-18.
 *
 * Prints a JSON object on a line for each place: secret, address of the first
 * byte of it that is there and which one that is, how many are, and a hash of
 * them with what is around, so that copies in like surroundings can be told; then
 * one object for the whole. Never prints a secret.
 *
 * Exit status: 0 nothing found, 1 something found, 2 it could not look.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/sha.h>
#include <sys/stat.h>

#define PIECE 8
#define CHUNK (4UL << 20)
#define LINE 64
#define AROUND 32 /* bytes before and behind a secret that are hashed */
#define SECRET_MAX 8192
#define THREADS_MAX 16
#define SHOWN_MAX 64 /* places of one secret */

struct secret {
	char *name;
	uint32_t len;
};

struct piece {
	uint64_t word;
	uint32_t secret;
	uint32_t offset;
	uint32_t next; /* with the same bytes, plus one */
};

struct hit {
	uint32_t secret;
	uint32_t offset;
	uint64_t address;
};

struct region {
	uint64_t file;
	uint64_t size;
	uint64_t address;
};

static struct secret *secrets;
static struct piece *pieces;
static uint32_t nr_secrets, nr_pieces;

/* A bit for each hash of a piece's first four bytes; a table of the pieces. */
static uint64_t *filter;
static uint32_t *table;
static unsigned int filter_bits, table_bits;

static struct region *regions;
static unsigned int nr_regions;
static int image;

static struct hit *hits;
static size_t nr_hits, room_hits;
static pthread_mutex_t hits_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic uint64_t next_chunk, bytes_read;

static void die(const char *what)
{
	fprintf(stderr, "scan: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void *grow(void *old, size_t n, size_t size)
{
	/* Powers of two */
	if (n & (n - 1))
		return old;
	old = realloc(old, (n ? 2 * n : 1) * size);
	if (!old)
		die("memory");
	return old;
}

/* ------------------------------------------------------------------- secrets */

static uint32_t hash32(uint32_t v, unsigned int bits)
{
	return (v * 0x9e3779b1U) >> (32 - bits);
}

static uint32_t hash64(uint64_t v)
{
	return (uint32_t)((v * 0x9e3779b97f4a7c15ULL) >> (64 - table_bits));
}

static void add_piece(const uint8_t *bytes, uint32_t offset)
{
	struct piece *p;

	pieces = grow(pieces, nr_pieces, sizeof(*pieces));
	p = &pieces[nr_pieces++];
	memcpy(&p->word, bytes + offset, PIECE);
	p->secret = nr_secrets;
	p->offset = offset;
	p->next = 0;
}

static void add_secret(const char *name, const uint8_t *bytes, uint32_t len)
{
	uint32_t at;

	secrets = grow(secrets, nr_secrets, sizeof(*secrets));
	secrets[nr_secrets].name = strdup(name);
	secrets[nr_secrets].len = len;
	for (at = 0; at + PIECE <= len; at += PIECE)
		add_piece(bytes, at);
	if (len % PIECE)
		add_piece(bytes, len - PIECE);
	nr_secrets++;
}

#define NO_DIGIT 16U

static unsigned int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (unsigned int)(at - digits) : NO_DIGIT;
}

static bool read_hex(const char *hex, uint8_t *out, uint32_t *len)
{
	unsigned int high, low;

	for (*len = 0; *hex && *hex != '\n'; hex += 2) {
		high = digit(hex[0]);
		low = high == NO_DIGIT ? NO_DIGIT : digit(hex[1]);
		if (*len == SECRET_MAX || low == NO_DIGIT)
			return false;
		out[(*len)++] = (uint8_t)(high << 4 | low);
	}
	return *len >= PIECE;
}

static void read_secrets(void)
{
	static char line[2 * SECRET_MAX + 512];
	static uint8_t bytes[SECRET_MAX];
	uint32_t len;
	char *hex;

	while (fgets(line, sizeof(line), stdin)) {
		hex = strchr(line, ' ');
		if (!hex || !read_hex(hex + 1, bytes, &len)) {
			fprintf(stderr,
				"scan: line %u is no name and 8 to %d bytes in hexadecimal\n",
				nr_secrets + 1, SECRET_MAX);
			exit(2);
		}
		*hex = '\0';
		add_secret(line, bytes, len);
	}
	if (!nr_secrets) {
		fputs("scan: no secrets on standard input\n", stderr);
		exit(2);
	}
}

static void make_tables(void)
{
	uint32_t i, at;

	/* One bit in 64 is set, but a small filter stays in the first cache. */
	for (filter_bits = 17; filter_bits < 26 && (1UL << filter_bits) < 64UL * nr_pieces;)
		filter_bits++;
	for (table_bits = 4; (1UL << table_bits) < 2UL * nr_pieces;)
		table_bits++;
	filter = calloc(1UL << filter_bits >> 6, sizeof(*filter));
	table = calloc(1UL << table_bits, sizeof(*table));
	if (!filter || !table)
		die("memory");
	for (i = 0; i < nr_pieces; i++) {
		uint32_t h = hash32((uint32_t)pieces[i].word, filter_bits);

		filter[h >> 6] |= 1ULL << (h & 63);
		for (at = hash64(pieces[i].word); table[at];
		     at = (at + 1) & ((1U << table_bits) - 1))
			if (pieces[table[at] - 1].word == pieces[i].word)
				break;
		pieces[i].next = table[at];
		table[at] = i + 1;
	}
}

/* --------------------------------------------------------------------- image */

static void add_region(uint64_t file, uint64_t size, uint64_t address)
{
	regions = grow(regions, nr_regions, sizeof(*regions));
	regions[nr_regions++] = (struct region){ file, size, address };
}

static void read_elf(const Elf64_Ehdr *eh)
{
	Elf64_Phdr ph;
	unsigned int i;

	for (i = 0; i < eh->e_phnum; i++) {
		if (pread(image, &ph, sizeof(ph), (off_t)(eh->e_phoff + i * sizeof(ph))) !=
		    sizeof(ph))
			die("program headers");
		if (ph.p_type == PT_LOAD)
			add_region(ph.p_offset, ph.p_filesz, ph.p_paddr);
	}
}

static void open_image(const char *path)
{
	Elf64_Ehdr eh;
	off_t size;

	image = open(path, O_RDONLY | O_CLOEXEC);
	if (image < 0)
		die(path);
	if (pread(image, &eh, sizeof(eh), 0) == sizeof(eh) &&
	    !memcmp(eh.e_ident, ELFMAG, SELFMAG) && eh.e_ident[EI_CLASS] == ELFCLASS64) {
		read_elf(&eh);
		return;
	}
	/* Block devices, too */
	size = lseek(image, 0, SEEK_END);
	if (size < 0)
		die(path);
	add_region(0, (uint64_t)size, 0);
}

/* ---------------------------------------------------------------------- look */

static void found(uint32_t piece, uint64_t address)
{
	pthread_mutex_lock(&hits_lock);
	for (; piece; piece = pieces[piece - 1].next) {
		if (nr_hits == room_hits) {
			room_hits = room_hits ? 2 * room_hits : 1024;
			hits = realloc(hits, room_hits * sizeof(*hits));
			if (!hits)
				die("memory");
		}
		hits[nr_hits++] =
			(struct hit){ pieces[piece - 1].secret, pieces[piece - 1].offset, address };
	}
	pthread_mutex_unlock(&hits_lock);
}

static void look_up(const uint8_t *p, uint64_t address)
{
	uint64_t word;
	uint32_t at;

	memcpy(&word, p, sizeof(word));
	for (at = hash64(word); table[at]; at = (at + 1) & ((1U << table_bits) - 1)) {
		if (pieces[table[at] - 1].word != word)
			continue;
		found(table[at], address);
		return;
	}
}

static inline void look_at(const uint8_t *p, uint64_t address)
{
	uint32_t v, h;

	memcpy(&v, p, sizeof(v));
	h = hash32(v, filter_bits);
	if (__builtin_expect(filter[h >> 6] >> (h & 63) & 1, 0))
		look_up(p, address);
}

static bool is_zero(const uint8_t *p)
{
	uint64_t w[LINE / 8];

	memcpy(w, p, sizeof(w));
	return !(w[0] | w[1] | w[2] | w[3] | w[4] | w[5] | w[6] | w[7]);
}

/* Every place at which a piece may begin; @n bytes of it, PIECE - 1 more are there. */
static void look_through(const uint8_t *p, size_t n, uint64_t address)
{
	size_t i;

	for (; n >= LINE; p += LINE, address += LINE, n -= LINE) {
		/* Most of a memory. A piece that begins at its end may begin with zeros. */
		i = is_zero(p) ? LINE - PIECE + 1 : 0;
		for (; i < LINE; i++)
			look_at(p + i, address + i);
	}
	for (i = 0; i < n; i++)
		look_at(p + i, address + i);
}

static size_t read_all(uint8_t *buf, size_t n, uint64_t at)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got = pread(image, buf + have, n - have, (off_t)(at + have));

		if (got < 0)
			die("read");
		if (!got)
			break;
		have += (size_t)got;
	}
	return have;
}

/* A hole, which a memory that nobody has touched is. */
static bool is_hole(uint64_t at, uint64_t n)
{
	off_t data = lseek(image, (off_t)at, SEEK_DATA);

	return data < 0 ? errno == ENXIO : (uint64_t)data >= at + n;
}

static void look_in_chunk(const struct region *r, uint64_t offset, uint8_t *buf)
{
	uint64_t left = r->size - offset;
	size_t n = left < CHUNK ? left : CHUNK;
	size_t want = left < CHUNK + PIECE - 1 ? left : CHUNK + PIECE - 1;
	size_t have = read_all(buf, want, r->file + offset);

	memset(buf + have, 0, CHUNK + 2 * LINE - have);
	look_through(buf, n, r->address + offset);
	atomic_fetch_add(&bytes_read, have);
}

static void *look(void *arg)
{
	uint8_t *buf = aligned_alloc(LINE, CHUNK + 2 * LINE);
	uint64_t chunk, offset;
	unsigned int r;

	if (!buf)
		die("memory");
	for (;;) {
		chunk = atomic_fetch_add(&next_chunk, 1);
		for (r = 0; r < nr_regions; r++) {
			uint64_t chunks = (regions[r].size + CHUNK - 1) / CHUNK;

			if (chunk < chunks)
				break;
			chunk -= chunks;
		}
		if (r == nr_regions)
			break;
		offset = chunk * CHUNK;
		/* lseek() is of the one file position, but only its result counts. */
		if (!is_hole(regions[r].file + offset, CHUNK))
			look_in_chunk(&regions[r], offset, buf);
	}
	free(buf);
	return arg;
}

/* ------------------------------------------------------------------- results */

static uint64_t base(const struct hit *h)
{
	return h->address - h->offset;
}

static int compare(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;

	if (x->secret != y->secret)
		return x->secret < y->secret ? -1 : 1;
	if (base(x) != base(y))
		return base(x) < base(y) ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static uint64_t file_offset(uint64_t address)
{
	unsigned int r;

	for (r = 0; r < nr_regions; r++)
		if (address >= regions[r].address && address - regions[r].address < regions[r].size)
			return regions[r].file + address - regions[r].address;
	return 0;
}

static void print_surroundings(const struct hit *h)
{
	uint8_t buf[SECRET_MAX + 2 * AROUND], md[SHA256_DIGEST_LENGTH];
	uint64_t at = file_offset(h->address) - h->offset;
	size_t n, len = secrets[h->secret].len + 2 * AROUND;
	int i;

	n = read_all(buf, len, at < AROUND ? 0 : at - AROUND);
	SHA256(buf, n, md);
	for (i = 0; i < 8; i++)
		printf("%02x", md[i]);
}

/* All pieces of one secret that lie as they do in it */
static size_t print_place(size_t first, bool shown)
{
	uint32_t covered = 0, end = 0;
	size_t i;

	for (i = first; i < nr_hits && hits[i].secret == hits[first].secret &&
			base(&hits[i]) == base(&hits[first]);
	     i++) {
		uint32_t from = hits[i].offset > end ? hits[i].offset : end;

		end = hits[i].offset + PIECE;
		covered += end > from ? end - from : 0;
	}
	if (shown) {
		printf("{\"secret\":\"%s\",\"address\":%llu,\"offset\":%u,\"found\":%u,"
		       "\"of\":%u,\"around\":\"",
		       secrets[hits[first].secret].name, (unsigned long long)hits[first].address,
		       hits[first].offset, covered, secrets[hits[first].secret].len);
		print_surroundings(&hits[first]);
		puts("\"}");
	}
	return i;
}

static size_t print_places(void)
{
	uint32_t last = UINT32_MAX, of_it = 0;
	size_t i, n = 0;

	qsort(hits, nr_hits, sizeof(*hits), compare);
	for (i = 0; i < nr_hits; n++) {
		if (hits[i].secret != last)
			of_it = 0;
		last = hits[i].secret;
		i = print_place(i, of_it++ < SHOWN_MAX);
	}
	return n;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t threads[THREADS_MAX];
	double begin = now();
	size_t places;
	int i, n;

	if (argc != 2) {
		fputs("usage: scan IMAGE <SECRETS\n", stderr);
		return 2;
	}
	read_secrets();
	make_tables();
	open_image(argv[1]);
	n = cpus < 1 ? 1 : cpus > THREADS_MAX ? THREADS_MAX : (int)cpus;
	for (i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, look, NULL))
			die("thread");
	for (i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	places = print_places();
	printf("{\"places\":%zu,\"secrets\":%u,\"bytes\":%llu,\"seconds\":%.3f}\n", places,
	       nr_secrets, (unsigned long long)bytes_read, now() - begin);
	return places ? 1 : 0;
}
