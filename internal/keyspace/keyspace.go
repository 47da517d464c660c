// Package keyspace holds the databases: looking keys up, creating, changing and deleting them, expiry, access clocks,
// scanning, keyspace events, and giving memory back in slices.
//
// A Keyspace owns the arena that all data lives in and a DB for each logical database; a DB owns a key table
// (package table) whose slots refer to entries (package object). A command looks a key up once and gets an Item; what
// it then does to the key it does through the Item, which knows the table slot and rewrites it when the entry moves.
//
//	Keyspace ── DB 0 ── table ── slot ──> entry [header | key | expiry | value] ──> value's blocks
//	         └─ DB 1 ...
//
//	keyspace.go  the databases as wholes: sizes, SWAPDB, FLUSHDB, walks
//	item.go      one key: look-up, create, change, delete
//	move.go      two keys: RENAME, MOVE, COPY
//	expire.go    keys whose time has come
//	fields.go    fields of hashes whose time has come
//	warm.go      keys that are about to be looked up
//	access.go    LRU and LFU
//	evict.go     which key goes when memory is short
//	reclaim.go   memory of what is gone, given back in slices
//	defrag.go    compaction: what lies in sparse slabs is moved together, in slices
//	snapshot.go  all databases as they are at one moment
//	prefixes.go  what the prefixes of keys have
//	events.go    who is told of what
//	check.go     invariants
//
// Everything here is guarded by the keyspace lock, which the caller holds: nothing in this package locks.
//
// Running out of memory is ordinary: the allocator panics with mem.ErrOutOfMemory, and whoever runs the command
// answers OOM. So every method here that allocates does it before it changes anything, or takes back what it did.
package keyspace

import (
	"granary/internal/encoding/table"
	"granary/internal/mem"
	"granary/internal/object"
)

// Keyspace is all databases and what they share.
type Keyspace struct {
	Arena *mem.Arena
	DBs   []*DB

	// Now is the time of the command being executed, Unix milliseconds. The command layer sets it; all keys that
	// one command looks at live in the same instant.
	Now int64

	Limits object.StringLimits
	Access Access
	Events Class // which keyspace events are on (notify-keyspace-events)

	// ActiveExpire is off while DEBUG SET-ACTIVE-EXPIRE 0 holds.
	ActiveExpire bool
	// ExpireOnAccess is off while keys whose time has come must stay where they are (CLIENT PAUSE, a replica): reading
	// commands then take such a key for absent, and only a command that writes deletes it.
	ExpireOnAccess bool

	Stats Stats
	Hooks Hooks

	evict  eviction
	Defrag Defrag

	snapshot *Snapshot // nil: none is under way
	movers   []Mover
	prefixes *prefixes // what prefixes have (prefixes.go), nil: not kept

	prefixEpoch uint64 // numbers of the counts of prefixes to come

	reclaim    []job  // detached memory, given back in slices
	expireFrom int    // database at which the next expiry slice begins
	keyBuf     []byte // the key of an entry that is being deleted, for those who are told
}

// Stats counts what INFO reports of the keyspace.
type Stats struct {
	Dirty          int64 // changes since the last save
	Hits           int64
	Misses         int64
	Expired        int64
	ExpiredFields  int64   // fields of hashes
	ExpiredStale   float64 // estimated share of keys with an expiry that have expired and are still there, percent
	ExpireTimeCaps int64   // expiry slices that ended by their time limit
	Evicted        int64
	LazyFreed      int64 // objects given back in slices, after the command that removed them
	Warmings       int64 // calls of DB.Warm
	Warmed         int64 // keys of theirs
}

// Hooks are what the layers above want to know. Each may be nil. Keys are valid during the call only.
type Hooks struct {
	// Event is told of a keyspace event that Events lets through.
	Event func(class Class, event string, key []byte, db int)
	// Modified is told that a key's value changed or went away (WATCH, client-side caching); expired: because time came
	// for it or a part of it, or because memory was short, and not because somebody wanted it.
	Modified func(db int, key []byte, expired bool)
	// Expired is told of a key that the keyspace itself deleted because its time came; replicas and the AOF get a DEL,
	// or an UNLINK under lazyfree-lazy-expire.
	Expired func(db int, key []byte)
	// Expiring is told of a key that is about to be deleted because its time came.
	Expiring func(db int, e object.Entry)
	// Evicting is told of a key that is about to be evicted, Evicted of one that was: replicas and the AOF get a DEL, or an
	// UNLINK under lazyfree-lazy-eviction.
	Evicting func(db int, e object.Entry)
	Evicted  func(db int, key []byte)
	// FieldExpired is told of a field of a hash that the keyspace itself deletes because its time came; replicas and the
	// AOF get an HDEL.
	FieldExpired func(db int, key, field []byte)
	// Created is told that a key came into being (clients that block on it).
	Created func(db int, t object.Type, key []byte)
	// Removed is told that a key of a type goes away or is about to hold something else altogether.
	Removed func(db int, t object.Type, key []byte)
	// Replacing is told that a database is about to hold what another one holds now (SWAPDB), or nothing (with is nil).
	Replacing func(db, with *DB)
	// Exchanged is told that a database holds other keys now, or none (SWAPDB, FLUSHDB).
	Exchanged func(db int)
}

// DB is one logical database.
type DB struct {
	ID int

	ks     *Keyspace
	keys   table.Table // none (Root 0) until the first key, and after a flush
	fields table.Table // hashes with fields that expire (fields.go), none (Root 0) without
	epoch  uint64      // counts changes that move slots of keys
	ttls   sum         // of the expiries of all keys

	beyond  bool   // values of the keys that come next are warmed, too (warm.go)
	part    *part  // of a snapshot: what of the keys has not been given (snapshot.go), nil: none
	counted uint64 // position up to which a count of prefixes has come (prefixes.go)
}

var entryKind = &table.Kind{
	Name:    "keys",
	Key:     object.Key,
	Expire:  object.Expiry,
	Beyond:  object.Beyond,
	Purpose: mem.PurposeTable,
}

// New makes a keyspace of n empty databases in the arena.
func New(a *mem.Arena, n int) *Keyspace {
	ks := &Keyspace{
		Arena:          a,
		Limits:         object.StringLimits{Embstr: 44, Shared: true},
		Access:         Access{LogFactor: 10, DecayMinutes: 1},
		prefixEpoch:    1,
		ActiveExpire:   true,
		ExpireOnAccess: true,
	}
	for id := range n {
		ks.DBs = append(ks.DBs, &DB{ID: id, ks: ks})
	}
	return ks
}

// Len returns the number of keys, expired ones that are still there included.
func (db *DB) Len() int {
	if db.keys.Root() == 0 {
		return 0
	}
	return db.keys.Len()
}

// Expires returns the number of keys that carry an expiry.
func (db *DB) Expires() int {
	if db.keys.Root() == 0 {
		return 0
	}
	return db.keys.CountExpires()
}

// AvgTTL returns the mean time to live of the keys that carry an expiry, in ms, 0 when there are none. It is exact;
// keys whose time has come count as they are until they are deleted, and the mean is never below 0.
func (db *DB) AvgTTL() int64 {
	n := db.Expires()
	if n == 0 {
		return 0
	}
	return max(db.ttls.mean(uint64(n))-db.ks.Now, 0)
}

// TableBytes returns the usable bytes of the key table, with what keeps the order of expiry (ExpireBytes).
func (db *DB) TableBytes() int64 {
	n := int64(0)
	if db.keys.Root() != 0 {
		n += db.keys.Bytes()
	}
	if db.fields.Root() != 0 {
		n += db.fields.Bytes()
	}
	return n
}

// Keyspace returns the keyspace the database belongs to.
func (db *DB) Keyspace() *Keyspace { return db.ks }

// Swap exchanges the contents of two databases (SWAPDB).
func (ks *Keyspace) Swap(a, b int) {
	if a == b {
		return
	}
	x, y := ks.DBs[a], ks.DBs[b]
	if ks.Hooks.Replacing != nil {
		ks.Hooks.Replacing(x, y)
		ks.Hooks.Replacing(y, x)
	}
	x.keys, y.keys = y.keys, x.keys
	x.fields, y.fields = y.fields, x.fields
	x.ttls, y.ttls = y.ttls, x.ttls
	x.counted, y.counted = y.counted, x.counted
	x.part, y.part = y.part, x.part
	x.part.heldBy(x)
	y.part.heldBy(y)
	x.epoch++
	y.epoch++
	ks.exchanged(x)
	ks.exchanged(y)
}

// Flush empties the database and returns the number of keys it had. What it held is given back in slices; unless lazy,
// the first slice is run at once, so that a small database is gone, memory and all, when Flush returns.
func (db *DB) Flush(lazy bool) int {
	n := db.detach()
	if !lazy {
		db.ks.reclaimSoon()
	}
	return n
}

// FlushAll is Flush for all databases together.
func (ks *Keyspace) FlushAll(lazy bool) int {
	n := 0
	for _, db := range ks.DBs {
		n += db.detach()
	}
	if !lazy {
		ks.reclaimSoon()
	}
	return n
}

// Expect says how many more keys will come, so that the table takes the shortest way there; 0: no more that are known of.
func (db *DB) Expect(n int) {
	if n > 0 {
		if db.keys.Root() == 0 {
			db.keys = table.New(db.ks.Arena, entryKind)
		}
		n += db.keys.Len()
	}
	db.keys.Expect(n)
}

// detach leaves the database empty, and what it held to the slices.
func (db *DB) detach() int {
	if db.keys.Root() == 0 {
		return 0
	}
	if db.ks.Hooks.Replacing != nil {
		db.ks.Hooks.Replacing(db, nil)
	}
	n := db.keys.Len()
	if db.fields.Root() != 0 {
		db.ks.giveBack(&indexJob{db.fields})
		db.fields = table.Table{}
	}
	j := &tableJob{keys: db.keys}
	if p := db.ks.prefixes; p != nil {
		j.epoch = p.epoch
		if p.tree.Counting() {
			j.counted, db.counted = db.counted, allCounted
		}
	}
	if db.part != nil {
		db.part.keep(j)
		db.part = nil
	} else {
		db.ks.giveBack(j)
	}
	db.keys = table.Table{}
	db.ttls = sum{}
	db.epoch++
	db.ks.exchanged(db)
	return n
}

// Each calls fn for every entry, in hash order, until it returns false. fn changes nothing.
func (db *DB) Each(fn func(object.Entry) bool) {
	if db.keys.Root() != 0 {
		db.keys.Each(func(r mem.Ref) bool { return fn(object.Entry(r)) })
	}
}

// Scan calls emit for every entry of the next bucket of the table, a dozen at most as a rule, and returns the cursor to
// go on from, 0 at the end. Every key that is there from the first call to the last is emitted at least once.
// emit may delete the entry it is given.
func (db *DB) Scan(cursor uint64, emit func(object.Entry)) uint64 {
	if db.keys.Root() == 0 {
		return 0
	}
	return db.keys.Scan(cursor, func(r mem.Ref) { emit(object.Entry(r)) })
}

// Random returns a key, each as likely as any other for a random r, 0 when there is none.
func (db *DB) Random(r uint64) object.Entry {
	if db.keys.Root() == 0 {
		return 0
	}
	return object.Entry(db.keys.Random(r))
}
