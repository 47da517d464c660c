package keyspace

import "granary/internal/encoding/stream"

// groupJob gives back a consumer group that was destroyed while its stream stays.
type groupJob struct{ group stream.Group }

// step counts nothing as freed: lazyfreed_objects is about keys.
func (j *groupJob) step(_ *Keyspace, n int) (freed int, done bool) { return 0, j.group.FreeSlice(n) }

func (j *groupJob) pending() int { return 0 }

// consumerJob gives back what was pending with a consumer that was deleted while its group stays.
type consumerJob struct{ gone stream.Gone }

func (j *consumerJob) step(_ *Keyspace, n int) (freed int, done bool) { return 0, j.gone.FreeSlice(n) }

func (j *consumerJob) pending() int { return 0 }

// GiveBackConsumer leaves to the slices what was pending with a consumer, if that is more than was freed already.
func (db *DB) GiveBackConsumer(key []byte, x stream.Gone) {
	if !x.Empty() {
		db.ks.giveBackFor(&consumerJob{x}, db, key)
	}
}

// entriesJob gives back nodes that a stream lost while its key stays.
type entriesJob struct{ nodes stream.Doomed }

func (j *entriesJob) step(_ *Keyspace, n int) (freed int, done bool) { return 0, j.nodes.FreeSlice(n) }

func (j *entriesJob) pending() int { return 0 }

// GiveBackEntries leaves to the slices what was trimmed off a stream, if that is more than was freed already.
func (db *DB) GiveBackEntries(key []byte, d stream.Doomed) {
	if !d.Empty() {
		db.ks.giveBackFor(&entriesJob{d}, db, key)
	}
}

// GiveBackGroup frees a group that was taken out of a stream: a small one at once, a large one in slices.
func (db *DB) GiveBackGroup(key []byte, g stream.Group) {
	if !g.FreeSlice(reclaimStep) {
		db.ks.giveBackFor(&groupJob{g}, db, key)
	}
}
