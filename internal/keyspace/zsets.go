package keyspace

import "granary/internal/encoding/zset"

// membersJob gives back members that a large sorted set lost while its key stays.
type membersJob struct{ members zset.Removed }

// step counts nothing as freed: lazyfreed_objects is about keys.
func (j *membersJob) step(_ *Keyspace, n int) (freed int, done bool) {
	return 0, j.members.FreeSlice(n)
}

func (j *membersJob) pending() int { return 0 }

// GiveBackMembers leaves to the slices what was taken out of the item's sorted set, if that is more than was freed already.
func (it *Item) GiveBackMembers(r zset.Removed) {
	if !r.Empty() {
		it.db.ks.giveBackFor(&membersJob{r}, it.db, it.key)
	}
}
