package tracking

import "granary/internal/mem"

// Relocate serves compaction: it moves keys and blocks of their table to where the allocator would rather have them, one
// bucket per call, and returns a cursor for the next; it begins and ends with 0. It may panic with
// mem.ErrOutOfMemory; all is whole then.
func (x *Keys) Relocate(cursor uint64) uint64 {
	if x.keys.Root() == 0 {
		return 0
	}
	next := x.keys.Relocate(cursor, func(r mem.Ref) mem.Ref {
		n := key(r).size()
		if !mem.ShouldMove(r, n, mem.PurposeTracking) {
			return r
		}
		to := x.arena.Alloc(n, mem.PurposeTracking)
		copy(mem.Bytes(to, n), mem.Bytes(r, n))
		x.arena.Free(r, n, mem.PurposeTracking)
		return to
	})
	if next == 0 {
		x.keys.RelocateRoot()
	}
	return next
}
