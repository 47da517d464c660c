package stream

import "granary/internal/mem"

// books allocates for one stream or one group and keeps the sum of usable bytes, which lies in its block.
type books struct {
	arena *mem.Arena
	sum   *int64
}

func (b books) alloc(n int, p mem.Purpose) mem.Ref {
	r := b.arena.Alloc(n, p)
	*b.sum += int64(mem.Usable(n))
	return r
}

func (b books) free(r mem.Ref, n int, p mem.Purpose) {
	b.arena.Free(r, n, p)
	*b.sum -= int64(mem.Usable(n))
}

func (b books) resize(r mem.Ref, old, n int, p mem.Purpose) mem.Ref {
	to := b.arena.Resize(r, old, n, p)
	*b.sum += int64(mem.Usable(n) - mem.Usable(old))
	return to
}

// move moves a block if that helps the allocator, and returns where it is then, otherwise 0.
func (b books) move(r mem.Ref, n int, p mem.Purpose) mem.Ref {
	if !mem.ShouldMove(r, n, p) {
		return 0
	}
	to := b.arena.Alloc(n, p)
	copy(mem.Bytes(to, n), mem.Bytes(r, n))
	b.arena.Free(r, n, p)
	return to
}
