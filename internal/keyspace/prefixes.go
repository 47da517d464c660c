package keyspace

import (
	"fmt"
	"time"

	"granary/internal/encoding/table"
	"granary/internal/mem"
	"granary/internal/object"
	"granary/internal/prefix"
)

// What the prefixes of keys have (package prefix), kept as keys change.
//
// Commands run one at a time, and the arena keeps the sum of all that belongs to keys (mem.Arena.KeyBytes). So nobody has
// to know what a change costs in which encoding: what the sum grew by since the last time is what happened to the key that
// is named now. Keys are named where changes are told of (Modified), where they come and go (place, take), and when memory
// of one that is gone is given back in slices (keyedJob). What may happen in the middle of a change to another key,
// expiry above all, is taken apart (apart).
//
// INVARIANT: whoever changes two keys names the first before it changes the second.
//
// Keys that were there before the tree are counted by a walk in slices, database after database in the order of hashes.
// DB.counted is how far it has come: a change of a key before that place is entered in what is being counted too. A
// database takes its place along when it is exchanged or flushed.

// prefixes is the tree and how far it follows. None (nil): off.
type prefixes struct {
	tree    *prefix.Tree
	settled int64  // KeyBytes up to which all is entered
	epoch   uint64 // number of the side that is shown; the next one has the next number
	began   int64  // ms, the last count
}

const (
	allCounted   = 1 << 48 // behind all positions
	countStep    = 8       // buckets counted between two looks at the clock
	recountEvery = 60000   // ms between counts that make uncertain rows exact
)

// SetPrefixes begins to keep what prefixes have, in at most rows rows. Keys that are there are counted in slices.
func (ks *Keyspace) SetPrefixes(split prefix.Split, rows int) {
	ks.NoPrefixes()
	p := &prefixes{tree: prefix.NewTree(split, rows), epoch: ks.prefixEpoch, settled: ks.Arena.KeyBytes()}
	ks.prefixes = p
	for _, db := range ks.DBs {
		if db.Len() > 0 {
			p.tree.Lost()
			ks.countPrefixes()
			break
		}
	}
}

// NoPrefixes forgets what prefixes have.
func (ks *Keyspace) NoPrefixes() {
	if p := ks.prefixes; p != nil {
		ks.prefixEpoch = p.epoch + 2 // what is removed now is in no count to come
		p.tree.Close()
		ks.prefixes = nil
	}
}

// Prefixes returns what prefixes have, nil when that is not kept, and the bytes that belong to none: of keys that are not
// counted yet, and of values that were removed before and wait to be given back.
func (ks *Keyspace) Prefixes() (t *prefix.Tree, bytes int64) {
	p := ks.prefixes
	if p == nil {
		return nil, 0
	}
	side := prefix.Shown
	if !p.tree.Complete() {
		side = prefix.Next
	}
	return p.tree, ks.Arena.KeyBytes() - p.tree.Total(side).Bytes
}

// settle enters what came and went since the last time for a key, and what it means for the number of keys with an expiry.
func (ks *Keyspace) settle(db *DB, key []byte, expires int64) {
	p := ks.prefixes
	more := ks.Arena.KeyBytes() - p.settled
	if more|expires == 0 {
		return
	}
	p.settled += more
	p.tree.Add(key, prefix.Counts{Bytes: more, Expires: expires}, p.sides(db, key))
}

// settleNew is settle for the item's key, which is new.
func (it *Item) settleNew() {
	ks := it.db.ks
	p := ks.prefixes
	more := ks.Arena.KeyBytes() - p.settled
	p.settled += more
	p.tree.Add(it.key, prefix.Counts{Bytes: more, Keys: 1, Expires: expires(it.Entry)}, p.sides(it.db, it.key))
}

// Settle names a key that was changed, for who goes on to change another before it tells of the first (Modified).
func (it *Item) Settle() {
	if ks := it.db.ks; ks.prefixes != nil && ks.prefixes.settled != ks.Arena.KeyBytes() {
		ks.settle(it.db, it.key, 0)
	}
}

// Unsettled returns the bytes that came and went since a key was named: 0 between commands.
func (ks *Keyspace) Unsettled() int64 {
	if ks.prefixes == nil {
		return 0
	}
	return ks.Arena.KeyBytes() - ks.prefixes.settled
}

// Settle is Item.Settle for a key of the database.
func (db *DB) Settle(key []byte) {
	if ks := db.ks; ks.prefixes != nil && ks.prefixes.settled != ks.Arena.KeyBytes() {
		ks.settle(db, key, 0)
	}
}

// sides returns where a change of a key is entered.
func (p *prefixes) sides(db *DB, key []byte) (on prefix.Sides) {
	if !p.tree.Counting() {
		return prefix.Shown
	}
	return p.whileCounting(db, key)
}

// whileCounting is sides while a count is under way.
func (p *prefixes) whileCounting(db *DB, key []byte) (on prefix.Sides) {
	if p.tree.Complete() {
		on = prefix.Shown
	}
	if table.Position(table.Hash(key)) < db.counted {
		on |= prefix.Next
	}
	return on
}

// apart begins what has nothing to do with the key that is being changed. It returns what endApart wants.
func (ks *Keyspace) apart() (pending int64) {
	p := ks.prefixes
	if p == nil {
		return 0
	}
	now := ks.Arena.KeyBytes()
	pending = now - p.settled
	p.settled = now
	return pending
}

// endApart enters what happened since apart for a key.
func (ks *Keyspace) endApart(db *DB, key []byte, pending int64) {
	if p := ks.prefixes; p != nil {
		ks.settle(db, key, 0)
		p.settled -= pending
	}
}

// handOver enters that n bytes belong to another key now.
func (ks *Keyspace) handOver(src, dst *Item, n int64) {
	p := ks.prefixes
	p.tree.Add(dst.key, prefix.Counts{Bytes: n}, p.sides(dst.db, dst.key))
	p.tree.Add(src.key, prefix.Counts{Bytes: -n}, p.sides(src.db, src.key))
}

// keyBytes returns what an entry and its value have of mem.Arena.KeyBytes.
func keyBytes(e object.Entry) (n int64) {
	e.Blocks(func(p mem.Purpose, usable int) {
		if p.OfKey() {
			n += int64(usable)
		}
	})
	return n
}

func expires(e object.Entry) int64 {
	if e.HasExpiry() {
		return 1
	}
	return 0
}

// keyedJob gives back what belonged to a key, and enters that for its prefix.
type keyedJob struct {
	job
	prefix []byte
	until  uint64 // number of the last side that has it
}

// giveBackFor is giveBack for what belonged to a key of a database.
func (ks *Keyspace) giveBackFor(j job, db *DB, key []byte) {
	if p := ks.prefixes; p != nil {
		j = p.keyed(j, key, p.until(key, db.counted))
	}
	ks.giveBack(j)
}

func (p *prefixes) keyed(j job, key []byte, until uint64) job {
	return &keyedJob{j, append([]byte(nil), p.tree.Split().Of(key)...), until}
}

// until returns the number of the last side that has a key; counted is how far the count under way has come.
func (p *prefixes) until(key []byte, counted uint64) uint64 {
	if p.tree.Counting() && table.Position(table.Hash(key)) < counted {
		return p.epoch + 1
	}
	return p.epoch
}

// has returns the sides that have a key which is gone, as until says.
func (p *prefixes) has(until uint64) (on prefix.Sides) {
	if p.epoch <= until && p.tree.Complete() {
		on = prefix.Shown
	}
	if p.epoch+1 <= until {
		on |= prefix.Next
	}
	return on
}

// step is a step of a job, and enters what it gives back.
func (ks *Keyspace) step(j job) (freed int, done bool) {
	p := ks.prefixes
	if p == nil {
		return j.step(ks, reclaimStep)
	}
	pending := ks.apart()
	before := p.settled
	freed, done = j.step(ks, reclaimStep)
	p.settled = ks.Arena.KeyBytes()
	if k, ok := j.(*keyedJob); ok {
		p.tree.Add(k.prefix, prefix.Counts{Bytes: p.settled - before}, p.has(k.until))
	}
	p.settled -= pending
	return freed, done
}

// until returns the number of the last side that has a key of the table.
func (j *tableJob) until(key []byte) uint64 {
	if j.counted > 0 && table.Position(table.Hash(key)) < j.counted {
		return j.epoch + 1
	}
	return j.epoch
}

// releaseFlushed is release for an entry of a table that no database has any more.
func (ks *Keyspace) releaseFlushed(e object.Entry, j *tableJob) {
	p := ks.prefixes
	if p == nil {
		ks.releaseAs(e, 0)
		return
	}
	place, until := p.tree.Place(e.Key()), j.until(e.Key())
	x, before := expires(e), ks.Arena.KeyBytes()
	ks.releaseAs(e, until)
	p.tree.Enter(place, prefix.Counts{Bytes: ks.Arena.KeyBytes() - before, Keys: -1, Expires: -x}, p.has(until))
}

// Counting.

// countPrefixes begins to count all keys.
func (ks *Keyspace) countPrefixes() {
	p := ks.prefixes
	p.tree.Begin()
	p.began = ks.Now
	for _, db := range ks.DBs {
		db.counted = 0
	}
}

// CountPrefixes goes on with a count until the deadline, and reports whether none is under way any more.
func (ks *Keyspace) CountPrefixes(deadline time.Time) bool {
	p := ks.prefixes
	if p == nil || !p.tree.Counting() {
		return true
	}
	for _, db := range ks.DBs {
		for n := 1; db.counted < allCounted; n++ {
			db.countBucket()
			if n%countStep == 0 && time.Now().After(deadline) {
				return false
			}
		}
	}
	p.tree.Finish()
	p.epoch++
	return true
}

// countBucket counts the keys of the next bucket.
func (db *DB) countBucket() {
	if db.keys.Root() == 0 {
		db.counted = allCounted
		return
	}
	var refs [table.MaxAtHome]mem.Ref
	_, to := db.keys.Span(db.counted)
	for _, r := range refs[:db.keys.AtHome(db.counted, &refs)] {
		// The bucket may have become wider since the one before it was counted.
		if e := object.Entry(r); table.Position(table.Hash(e.Key())) >= db.counted {
			db.ks.prefixes.tree.Add(e.Key(), prefix.Counts{Bytes: keyBytes(e), Keys: 1, Expires: expires(e)}, prefix.Next)
		}
	}
	db.counted = to
}

// TickPrefixes does the regular work: growth, and counting anew what is uncertain. It reports whether there is more of it.
func (ks *Keyspace) TickPrefixes() bool {
	p := ks.prefixes
	if p == nil {
		return false
	}
	if !p.tree.Counting() && ks.Now-p.began >= recountEvery {
		if p.began = ks.Now; p.tree.Uncertain() {
			ks.countPrefixes()
		}
	}
	return p.tree.Look(ks.Now) || p.tree.Counting()
}

// AuditPrefixes counts all keys and holds the tree against that. It returns by how many bytes and keys it is off, and what is
// wrong first: 0 as long as the first count is under way, and with memory that waits to be given back, which no key has. What was
// flushed and is kept for a snapshot still counts.
func (ks *Keyspace) AuditPrefixes() (off int64, err error) {
	p := ks.prefixes
	if p == nil || !p.tree.Complete() || len(ks.reclaim) != 0 {
		return 0, nil
	}
	off, err = p.tree.Audit(func(fn func(key []byte, c prefix.Counts)) {
		for _, db := range ks.DBs {
			db.Each(func(e object.Entry) bool {
				fn(e.Key(), prefix.Counts{Bytes: keyBytes(e), Keys: 1, Expires: expires(e)})
				return true
			})
		}
		ks.snapshot.eachKept(func(e object.Entry, j *tableJob) {
			if p.epoch <= j.until(e.Key()) {
				fn(e.Key(), prefix.Counts{Bytes: keyBytes(e), Keys: 1, Expires: expires(e)})
			}
		})
	})
	if n := ks.Unsettled(); n != 0 {
		return off + max(n, -n), fmt.Errorf("%d bytes came that belong to no key", n)
	}
	return off, err
}

func (ks *Keyspace) checkPrefixes() error {
	if _, err := ks.AuditPrefixes(); err != nil {
		return fmt.Errorf("prefixes: %w", err)
	}
	return nil
}
