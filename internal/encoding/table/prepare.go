package table

import "granary/internal/mem"

// Doubling the directory writes as many pages as it has, and the first write to a page that the kernel has not given yet
// takes longer than the rest: 0.3 of the 0.5 ms of a directory of 1 MiB (10M keys). So the block of the next directory is taken long
// before it is needed, when most segments have become as deep as the directory, and each time a segment is rebuilt one of
// its pages is touched. Between that time and the next doubling every segment is rebuilt several times, and there are
// 256 segments for a page.

const (
	pageBytes = 4096

	// prepareDepth is the least depth of a directory whose successor is prepared. It gains nothing for so small a one, but
	// costs nothing either, and tables of every test come by.
	prepareDepth = 6
)

// prepared is a block that waits to be used, and how many of its pages were touched: Ref:40 | pages:24; 0: there is none.
type prepared uint64

func (b prepared) ref() mem.Ref { return mem.Ref(b & wordRefMask) }

func (b prepared) touched(n int) bool { return b != 0 && int(b>>40)*pageBytes >= n }

// prepare takes the blocks that are needed when the directory doubles, if that is not far, or touches a page of them. Without
// memory it does nothing.
func (t *Table) prepare() {
	r := t.head()
	d := r.depth()
	if d < prepareDepth || r.count>>lenBits < 3<<(d-2) {
		return
	}
	switch {
	case !r.next.touched(directoryBytes(d + 1)):
		t.prepareBlock(&r.next, directoryBytes(d+1), t.kind.Purpose)
	case r.expiry != 0 && !r.nextExp.touched(expiryBytes(d+1)):
		t.prepareBlock(&r.nextExp, expiryBytes(d+1), mem.PurposeExpire)
	}
}

func (t *Table) prepareBlock(b *prepared, n int, p mem.Purpose) {
	if *b == 0 {
		defer ignoreOutOfMemory()
		*b = prepared(t.alloc(n, p))
		return
	}
	mem.Bytes(b.ref(), n)[int(*b>>40)*pageBytes] = 0
	*b += 1 << 40
}

// take returns what was prepared, which is the caller's.
func (b *prepared) take() mem.Ref {
	r := b.ref()
	*b = 0
	return r
}

// dropPrepared frees what was prepared.
func (t *Table) dropPrepared() {
	r := t.head()
	t.dropBlock(&r.next, directoryBytes(r.depth()+1), t.kind.Purpose)
	t.dropBlock(&r.nextExp, expiryBytes(r.depth()+1), mem.PurposeExpire)
}

func (t *Table) dropBlock(b *prepared, n int, p mem.Purpose) {
	if *b != 0 {
		t.release(b.take(), n, p)
	}
}

func directoryBytes(depth uint) int { return 8 << depth }
