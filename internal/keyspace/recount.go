package keyspace

import "granary/internal/mem"

// CountMemory tells count of what a snapshot that is under way has beside the data, for an audit.
func (ks *Keyspace) CountMemory(count func(p mem.Purpose, usable int64)) {
	if ks.snapshot == nil {
		return
	}
	for _, p := range ks.snapshot.parts {
		count(mem.PurposeSnapshotBuffer, int64(mem.Usable(8*p.words)))
	}
}
