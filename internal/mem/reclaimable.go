package mem

// ReclaimableSlabs returns how many slabs Reclaimable is about.
//
// REQUIRES: the caller may use the arena.
func (a *Arena) ReclaimableSlabs() (n int64) {
	for i := range a.bins {
		n += a.bins[i].spare()
	}
	return n
}
