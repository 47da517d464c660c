//go:build cgobench

package cgobench

/*
#cgo LDFLAGS: -ldl
#cgo CFLAGS: -O2
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
	void *(*alloc)(size_t);
	void (*release)(void *);
	size_t (*usable)(void *);
} allocator;

static allocator libc_allocator(void) {
	allocator a = {malloc, free, malloc_usable_size};
	return a;
}

// jemalloc is loaded into a namespace of its own: its malloc must not become the program's.
static allocator jemalloc_allocator(void) {
	allocator a = {0, 0, 0};
	void *h = dlmopen(LM_ID_NEWLM, "libjemalloc.so.2", RTLD_NOW | RTLD_LOCAL);
	if (!h) h = dlopen("libjemalloc.so.2", RTLD_NOW | RTLD_LOCAL);
	if (!h) return a;
	a.alloc = (void *(*)(size_t))dlsym(h, "malloc");
	a.release = (void (*)(void *))dlsym(h, "free");
	a.usable = (size_t (*)(void *))dlsym(h, "malloc_usable_size");
	return a;
}

static int known(allocator a) { return a.alloc && a.release && a.usable; }

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

static size_t mix_close(allocator a, region *r, long live) {
	size_t used = 0;
	for (long i = 0; i < live; i++) {
		used += a.usable(r[i].p);
		a.release(r[i].p);
	}
	free(r);
	return used;
}
*/
import "C"

import "errors"

// cAllocator is an allocator behind C's interface.
type cAllocator struct{ a C.allocator }

func libc() (cAllocator, error) { return cAllocator{C.libc_allocator()}, nil }

func jemalloc() (cAllocator, error) {
	a := C.jemalloc_allocator()
	if C.known(a) == 0 {
		return cAllocator{}, errors.New("libjemalloc.so.2 does not load")
	}
	return cAllocator{a}, nil
}

// pairs allocates and frees n times.
func (c cAllocator) pairs(n, size int) { C.pairs(c.a, C.long(n), C.size_t(size)) }

// batches allocates a thousand regions, then frees them, until n are done.
func (c cAllocator) batches(n, size int) { C.batches(c.a, C.long(n), C.size_t(size)) }

// mix holds live regions and replaces a random one n times. It calls ready before the replacing, and returns the usable
// bytes at the end.
func (c cAllocator) mix(live, n int, ready func()) int {
	seed := C.uint64_t(88172645463325252)
	r := C.mix_open(c.a, C.long(live), &seed)
	ready()
	C.mix_run(c.a, r, C.long(live), C.long(n), &seed)
	return int(C.mix_close(c.a, r, C.long(live)))
}
