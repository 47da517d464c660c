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
// Everything here is guarded by the keyspace lock, which the caller holds: nothing in this package locks.
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
	// ExpireOnAccess is off where somebody else decides when keys expire: a replica, a load in progress.
	ExpireOnAccess bool

	Stats Stats
	Hooks Hooks

	reclaim    []job // detached memory, given back in slices
	expireFrom int   // database at which the next expiry slice begins
}

// Stats counts what INFO reports of the keyspace.
type Stats struct {
	Dirty          int64 // changes since the last save
	Hits           int64
	Misses         int64
	Expired        int64
	ExpiredStale   float64 // estimated share of keys that have expired and are still there, percent
	ExpireTimeCaps int64   // expiry slices that ended by their time limit
	Evicted        int64
	LazyFreed      int64
}

// Hooks are what the layers above want to know. Each may be nil.
type Hooks struct {
	// Event is told of a keyspace event that Events lets through.
	Event func(class Class, event string, key []byte, db int)
	// Modified is told that a key's value changed or went away (WATCH, client-side caching).
	Modified func(db int, key []byte)
	// Expired is told of a key that the keyspace itself deleted because its time came; replicas and the AOF get a DEL.
	Expired func(db int, key []byte)
	// Created is told that a key came into being (clients that block on it).
	Created func(db int, t object.Type, key []byte)
}

// DB is one logical database.
type DB struct {
	ID int

	ks    *Keyspace
	keys  table.Table
	epoch uint64 // counts changes that move table slots
}

var entryKind = &table.Kind{
	Name:    "keys",
	Key:     object.Key,
	Expire:  object.Expiry,
	Purpose: mem.PurposeTable,
}

// New makes a keyspace of n empty databases in the arena.
func New(a *mem.Arena, n int) *Keyspace {
	ks := &Keyspace{
		Arena:          a,
		Limits:         object.StringLimits{Embstr: 44, Shared: true},
		Access:         Access{LogFactor: 10, DecayMinutes: 1},
		ActiveExpire:   true,
		ExpireOnAccess: true,
	}
	for id := range n {
		ks.DBs = append(ks.DBs, &DB{ID: id, ks: ks, keys: table.New(a, entryKind)})
	}
	return ks
}

// Len returns the number of keys, expired ones that are still there included.
func (db *DB) Len() int { return db.keys.Len() }

// Expires returns the number of keys that carry an expiry.
func (db *DB) Expires() int { return db.keys.CountExpires() }

// TableBytes returns the usable bytes of the key table.
func (db *DB) TableBytes() int64 { return db.keys.Bytes() }

// Keyspace returns the keyspace the database belongs to.
func (db *DB) Keyspace() *Keyspace { return db.ks }

// Swap exchanges the contents of two databases (SWAPDB).
func (ks *Keyspace) Swap(a, b int) {
	x, y := ks.DBs[a], ks.DBs[b]
	x.keys, y.keys = y.keys, x.keys
	x.epoch++
	y.epoch++
}

// Flush empties the database and returns the number of keys it had. What it held is given back at once when that is
// quick, and in slices otherwise.
func (db *DB) Flush() int {
	n := db.keys.Len()
	if n == 0 {
		return 0
	}
	old := db.keys
	db.keys = table.New(db.ks.Arena, entryKind)
	db.epoch++
	db.ks.giveBack(&tableJob{keys: old})
	return n
}

// Each calls fn for every entry, in hash order, until it returns false. fn changes nothing.
func (db *DB) Each(fn func(object.Entry) bool) {
	db.keys.Each(func(r mem.Ref) bool { return fn(object.Entry(r)) })
}

// Scan calls emit for every entry in the next stretch of the table and returns the cursor to go on from, 0 at the
// end. Every key that is there from the first call to the last is emitted at least once.
func (db *DB) Scan(cursor uint64, emit func(object.Entry)) uint64 {
	return db.keys.Scan(cursor, func(r mem.Ref) { emit(object.Entry(r)) })
}

// Random returns a key taken at random with all keys equally likely, 0 when there is none.
func (db *DB) Random(r uint64) object.Entry {
	if db.keys.Len() == 0 {
		return 0
	}
	return object.Entry(db.keys.Random(r))
}

// IsExpired tells whether the entry's time has come.
func (ks *Keyspace) IsExpired(e object.Entry) bool {
	if !e.HasExpiry() {
		return false
	}
	return e.Expiry() <= ks.Now
}

// Check walks a database and reports the first broken invariant.
func (db *DB) Check() error { return db.keys.Check() }
