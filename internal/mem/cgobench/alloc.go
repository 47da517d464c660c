//go:build cgobench

package cgobench

/*
#cgo LDFLAGS: -ljemalloc
#cgo CFLAGS: -O2 -fno-builtin-malloc
#include <stdint.h>
#include <stdlib.h>
#include <jemalloc/jemalloc.h>

typedef struct {
	void *(*alloc)(size_t);
	void (*release)(void *);
} allocator;

// The program is linked with libjemalloc, which takes the names malloc and free. (It cannot be loaded later: it needs
// thread-local storage from the start.) The C library's own go by other names.
extern void *__libc_malloc(size_t);
extern void __libc_free(void *);

static allocator libc_allocator(void) {
	allocator a = {__libc_malloc, __libc_free};
	return a;
}

static allocator jemalloc_allocator(void) {
	allocator a = {malloc, free};
	return a;
}

// is_jemalloc says whether malloc is jemalloc's: 130 bytes take 160 there, 136 in the C library.
static int is_jemalloc(void) {
	void *p = malloc(130);
	size_t n = malloc_usable_size(p);
	free(p);
	return n == 160;
}

static void pairs(allocator a, long n, size_t size) {
	for (long i = 0; i < n; i++) {
		void *volatile p = a.alloc(size);
		a.release(p);
	}
}

static void batches(allocator a, long n, size_t size) {
	void *live[1000];
	for (long i = 0; i < n; i += 1000) {
		for (int k = 0; k < 1000; k++) live[k] = a.alloc(size);
		for (int k = 0; k < 1000; k++) a.release(live[k]);
	}
}

typedef struct { char *p; long n; } region;

static uint64_t next(uint64_t *s) {
	uint64_t x = *s;
	x ^= x << 13; x ^= x >> 7; x ^= x << 17;
	return *s = x;
}

static size_t mix_size(uint64_t r) { return 16 + (r >> 32) % 185; }

static region *mix_open(allocator a, long live, uint64_t *seed) {
	region *r = calloc(live, sizeof(region));
	for (long i = 0; i < live; i++) {
		r[i].n = mix_size(next(seed));
		r[i].p = a.alloc(r[i].n);
		r[i].p[0] = 1;
	}
	return r;
}

static void mix_run(allocator a, region *r, long live, long n, uint64_t *seed) {
	for (long i = 0; i < n; i++) {
		uint64_t x = next(seed);
		region *m = &r[x % live];
		a.release(m->p);
		m->n = mix_size(x);
		m->p = a.alloc(m->n);
		m->p[0] = 1;
	}
}

static void mix_close(allocator a, region *r, long live) {
	for (long i = 0; i < live; i++) a.release(r[i].p);
	free(r);
}
*/
import "C"

import "errors"

// cAllocator is an allocator behind C's interface.
type cAllocator struct{ a C.allocator }

func libc() (cAllocator, error) { return cAllocator{C.libc_allocator()}, nil }

func jemalloc() (cAllocator, error) {
	if C.is_jemalloc() == 0 {
		return cAllocator{}, errors.New("malloc is not jemalloc's")
	}
	return cAllocator{C.jemalloc_allocator()}, nil
}

// pairs allocates and frees n times.
func (c cAllocator) pairs(n, size int) { C.pairs(c.a, C.long(n), C.size_t(size)) }

// batches allocates a thousand regions, then frees them, until n are done.
func (c cAllocator) batches(n, size int) { C.batches(c.a, C.long(n), C.size_t(size)) }

// mix holds live regions and replaces a random one n times. It calls ready before and done after the replacing.
func (c cAllocator) mix(live, n int, ready, done func()) {
	seed := C.uint64_t(88172645463325252)
	r := C.mix_open(c.a, C.long(live), &seed)
	ready()
	C.mix_run(c.a, r, C.long(live), C.long(n), &seed)
	done()
	C.mix_close(c.a, r, C.long(live))
}
