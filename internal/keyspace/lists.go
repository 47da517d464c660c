package keyspace

import "granary/internal/encoding/quicklist"

// nodesJob gives back what a large list lost while its key stays.
type nodesJob struct{ nodes quicklist.Doomed }

// step counts nothing as freed: lazyfreed_objects is about keys.
func (j *nodesJob) step(_ *Keyspace, n int) (freed int, done bool) { return 0, j.nodes.FreeSlice(n) }

func (j *nodesJob) pending() int { return 0 }

// GiveBackNodes leaves to the slices what was taken off the item's list, if that is more than was freed already.
func (it *Item) GiveBackNodes(d quicklist.Doomed) {
	if !d.Empty() {
		it.db.ks.giveBackFor(&nodesJob{d}, it.db, it.key)
	}
}
