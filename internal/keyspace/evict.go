package keyspace

import (
	"math"
	"math/rand/v2"

	"granary/internal/encoding/table"
	"granary/internal/mem"
	"granary/internal/object"
)

// Which key goes when memory is short (maxmemory-policy). EvictOne deletes one; when and how often is for the command layer
// (maxmemory.go there).
//
//	ByRecency, ByFrequency   a few keys are sampled and the worst of them, and of those that earlier samples left over, goes
//	ByTTL                    the key that expires first of all: the key table knows it (table.NextExpired)
//	ByChance                 any key
//
// Samples are as Redis takes them, maxmemory-samples neighbours in the key table, and the best candidates of
// earlier samples wait in a pool. Three things differ. A candidate that was accessed since it was sampled is judged
// anew; in Redis it goes all the same. Databases are sampled with a chance that goes by their number of keys, not
// each every time. Keys with an expiry are found by marks in the buckets of the one table, as there is no second one.
//
// A candidate is a reference and the hash of its key. Nobody tells the pool when a key is deleted, replaced or moved: then
// its slot is not found (table.FindEntry), or refers to an entry of another hash or access clock.

// Rule says which key goes first.
type Rule uint8

// The rules. The zero Rule evicts nothing.
const (
	NoEviction Rule = iota
	ByRecency
	ByFrequency
	ByChance
	ByTTL
)

// Policy is a maxmemory-policy.
type Policy struct {
	Rule     Rule
	Volatile bool // only keys with an expiry go
}

const (
	poolSize   = 16
	sampleSize = 64 // keys that are sampled at a time

	// freshSamples is how many candidates of the pool may turn out to be gone or in use before more are sampled.
	freshSamples = 4
)

// eviction is the state of evicting. The zero value evicts nothing.
type eviction struct {
	policy  Policy
	samples int
	pool    [poolSize]candidate // by badness, the worst key last
	n       int
	refs    [sampleSize]mem.Ref

	// Where the next samples will be taken, which is fetched ahead (fetchAhead).
	db   *DB // nil: not known yet
	draw uint64
}

// candidate is a key that may go.
type candidate struct {
	badness uint32
	clock   uint32 // access clock of the entry when it was sampled
	db      int32
	ref     mem.Ref
	hash    uint64
}

// ConfigureEviction sets the policy, and how many keys are sampled for each that goes.
func (ks *Keyspace) ConfigureEviction(p Policy, samples int64) {
	x := &ks.evict
	if x.policy != p {
		x.n = 0
	}
	x.policy, x.samples = p, int(min(max(samples, 1), math.MaxInt32))
}

// EvictionPolicy returns the policy.
func (ks *Keyspace) EvictionPolicy() Policy { return ks.evict.policy }

// EvictOne deletes a key by the policy and tells everybody. It returns the bytes that this gave back, to which what is left
// to the slices (Pending) does not belong, or false if there is no key to delete.
func (ks *Keyspace) EvictOne() (freed int64, ok bool) {
	switch ks.evict.policy.Rule {
	case ByRecency, ByFrequency:
		return ks.evictWorst()
	case ByChance:
		return ks.evictAny()
	case ByTTL:
		return ks.evictFirst()
	}
	return 0, false
}

// eligible returns the number of keys of the database that may go.
func (db *DB) eligible() int {
	if db.ks.evict.policy.Volatile {
		return db.Expires()
	}
	return db.Len()
}

// drawDB returns a database, each key that may go having the same chance; nil if there is none.
func (ks *Keyspace) drawDB() *DB {
	if first := ks.DBs[0]; len(ks.DBs) == 1 && first.eligible() > 0 {
		return first
	}
	total := 0
	for _, db := range ks.DBs {
		total += db.eligible()
	}
	if total == 0 {
		return nil
	}
	at := rand.IntN(total)
	for _, db := range ks.DBs {
		if n := db.eligible(); at < n {
			return db
		} else {
			at -= n
		}
	}
	return nil
}

// sample fills dst with keys of the database that may go.
func (db *DB) sample(draw uint64, dst []mem.Ref) int {
	if db.ks.evict.policy.Volatile {
		return db.keys.SampleExpiring(draw, dst)
	}
	return db.keys.Sample(draw, dst)
}

// fetchAhead asks for what the next eviction will read, which is in no cache: where it samples, and the candidate that goes if
// the samples are no worse.
func (ks *Keyspace) fetchAhead() {
	x := &ks.evict
	if x.db, x.draw = ks.drawDB(), rand.Uint64(); x.db != nil && !x.policy.Volatile {
		x.db.keys.FetchSample(x.draw)
	}
	if x.n > 0 {
		c := &x.pool[x.n-1]
		if db := ks.DBs[c.db]; db.keys.Root() != 0 {
			db.keys.FetchFound(c.hash, c.ref)
		}
	}
}

// fetchValue asks for the value of the candidate that goes if the samples are no worse.
func (ks *Keyspace) fetchValue() {
	x := &ks.evict
	if x.n == 0 {
		return
	}
	c := &x.pool[x.n-1]
	if db := ks.DBs[c.db]; db.keys.Root() != 0 {
		if _, found := db.keys.FindEntry(c.hash, c.ref); found {
			db.keys.FetchBeyond([]mem.Ref{c.ref})
		}
	}
}

// evictWorst evicts by recency or frequency.
func (ks *Keyspace) evictWorst() (freed int64, ok bool) {
	x := &ks.evict
	for {
		ks.fetchValue()
		if !ks.fillPool() {
			return 0, false
		}
		for tries := 0; x.n > 0 && tries < freshSamples; tries++ {
			x.n--
			c := x.pool[x.n]
			db := ks.DBs[c.db]
			if db.keys.Root() == 0 {
				continue
			}
			pos, found := db.keys.FindEntry(c.hash, c.ref)
			if !found {
				continue
			}
			e := object.Entry(c.ref)
			if table.Hash(e.Key()) != c.hash || x.policy.Volatile && !e.HasExpiry() {
				continue // another key lies where the candidate did; or it expires no more
			}
			if e.LRU() != c.clock {
				ks.consider(db, e, c.hash) // accessed since
				continue
			}
			freed = db.evict(e, pos, c.hash)
			ks.fetchAhead()
			return freed, true
		}
	}
}

// fillPool takes samples into the pool. It reports false if no key may go.
func (ks *Keyspace) fillPool() bool {
	x := &ks.evict
	for left := x.samples; left > 0; left -= sampleSize {
		db, draw := x.db, x.draw
		if db == nil || db.eligible() == 0 {
			db, draw = ks.drawDB(), rand.Uint64()
		}
		if x.db = nil; db == nil {
			return false
		}
		refs := x.refs[:min(left, sampleSize)]
		for _, r := range refs[:db.sample(draw, refs)] {
			ks.consider(db, object.Entry(r), 0)
		}
	}
	return true
}

// consider puts a key into the pool if it is among the worst. hash is that of its key, if it is known.
func (ks *Keyspace) consider(db *DB, e object.Entry, hash uint64) {
	x := &ks.evict
	bad := ks.Access.badness(e)
	if x.n == poolSize && bad <= x.pool[0].badness {
		return
	}
	for i := range x.pool[:x.n] {
		if x.pool[i].ref == mem.Ref(e) {
			if x.pool[i].clock == e.LRU() {
				return // it is there
			}
			x.n--
			copy(x.pool[i:x.n], x.pool[i+1:])
			break
		}
	}
	if hash == 0 {
		hash = table.Hash(e.Key())
	}
	at := x.n
	for at > 0 && x.pool[at-1].badness > bad {
		at--
	}
	if x.n == poolSize { // the best key of the pool leaves it
		at--
		copy(x.pool[:at], x.pool[1:at+1])
	} else {
		copy(x.pool[at+1:], x.pool[at:x.n])
		x.n++
	}
	x.pool[at] = candidate{badness: bad, clock: e.LRU(), db: int32(db.ID), ref: mem.Ref(e), hash: hash}
}

// badness returns how much the entry deserves to go: under LRU the seconds for which it was not accessed; under LFU how
// little it is used, and among equals how long ago its counter was last written.
func (a *Access) badness(e object.Entry) uint32 {
	if !a.LFU {
		return uint32(a.Idle(e))
	}
	return (lfuMax-a.Frequency(e))<<16 | (a.now-e.LRU()>>8)&0xffff
}

// evictAny evicts any key.
func (ks *Keyspace) evictAny() (freed int64, ok bool) {
	db := ks.drawDB()
	if db == nil {
		return 0, false
	}
	if !ks.evict.policy.Volatile {
		pos, r := db.keys.RandomPos(rand.Uint64())
		return db.evict(object.Entry(r), pos, table.Hash(object.Entry(r).Key())), true
	}
	return db.evictSampled()
}

// evictSampled evicts one of a sample.
func (db *DB) evictSampled() (freed int64, ok bool) {
	refs := db.ks.evict.refs[:1]
	if db.sample(rand.Uint64(), refs) == 0 {
		return 0, false
	}
	e := object.Entry(refs[0])
	h := table.Hash(e.Key())
	pos, found := db.keys.FindEntry(h, refs[0])
	if !found {
		panic("BUG: keyspace: a sampled key is not in its table")
	}
	return db.evict(e, pos, h), true
}

// evictFirst evicts the key that expires first. Bounds in the tables may be too early, but none is too late; looking up the
// first corrects them.
func (ks *Keyspace) evictFirst() (freed int64, ok bool) {
	for {
		var db *DB
		first := int64(math.MaxInt64)
		for _, d := range ks.DBs {
			if d.keys.Root() == 0 {
				continue
			}
			if at, some := d.keys.EarliestExpire(); some && (db == nil || at < first) {
				db, first = d, at
			}
		}
		if db == nil {
			return 0, false
		}
		if pos, r, found := db.keys.NextExpired(math.MaxInt64 - 1); found {
			e := object.Entry(r)
			if exact, _ := db.keys.EarliestExpire(); ks.earlier(db, exact) {
				continue // the bound of db was too early, and is corrected
			}
			return db.evict(e, pos, table.Hash(e.Key())), true
		}
	}
}

// earlier reports whether another database than db has a bound below a time.
func (ks *Keyspace) earlier(db *DB, ms int64) bool {
	for _, d := range ks.DBs {
		if d == db || d.keys.Root() == 0 {
			continue
		}
		if at, some := d.keys.EarliestExpire(); some && at < ms {
			return true
		}
	}
	return false
}

// evict deletes a key and tells everybody, in Redis's order.
func (db *DB) evict(e object.Entry, pos table.Pos, hash uint64) (freed int64) {
	ks := db.ks
	it := db.itemOf(e)
	it.pos, it.hash, it.epoch = pos, hash, db.epoch
	if ks.Hooks.Evicting != nil {
		ks.Hooks.Evicting(db.ID, e)
	}
	before := ks.Arena.Used()
	it.Delete()
	freed = before - ks.Arena.Used()
	ks.Stats.Evicted++
	ks.expired(db.ID, it.key)
	ks.Notify(Evicted, "evicted", it.key, db.ID)
	if ks.Hooks.Evicted != nil {
		ks.Hooks.Evicted(db.ID, it.key)
	}
	return freed
}
