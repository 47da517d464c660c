package keyspace

import (
	"granary/internal/encoding/table"
	"granary/internal/mem"
	"granary/internal/object"
)

// Lookup says what looking a key up does besides finding it.
type Lookup uint8

// The lookups. Zero is what a reading command does: it counts a hit or a miss, marks the access, and tells of a miss.
const (
	NoTouch  Lookup = 1 << iota // the access clock stays (TTL, TYPE, EXISTS, OBJECT, clients under CLIENT NO-TOUCH)
	NoStats                     // neither a hit nor a miss
	NoNotify                    // no keymiss event
	ForWrite                    // the command means to change the key: no hit, no miss, no event
)

// Item is one key as a command sees it: found or absent. It stays usable while the command runs, whatever happens to
// other keys.
// BORROWS: the key's bytes, which are the caller's, and are read until the command is done with the Item.
type Item struct {
	Entry object.Entry // 0: the key does not exist

	db    *DB
	key   []byte
	hash  uint64
	pos   table.Pos
	epoch uint64
}

// Read looks up a key for a command that reads it.
func (db *DB) Read(key []byte) Item { return db.Lookup(key, 0) }

// Write looks up a key for a command that may change it.
func (db *DB) Write(key []byte) Item { return db.Lookup(key, ForWrite) }

// Lookup looks up a key. A key whose time has come is deleted first, or taken for absent where expiry is somebody
// else's to decide.
func (db *DB) Lookup(key []byte, how Lookup) Item {
	it := db.find(key)
	ks := db.ks
	if it.Entry != 0 && it.Entry.HasExpiry() && it.Entry.Expiry() <= ks.Now {
		it.expire()
	}
	if it.Entry != 0 {
		if how&NoTouch == 0 {
			ks.Access.touch(it.Entry)
		}
		if how&(NoStats|ForWrite) == 0 {
			ks.Stats.Hits++
		}
		return it
	}
	if how&(NoNotify|ForWrite) == 0 {
		ks.Notify(KeyMiss, "keymiss", key, db.ID)
	}
	if how&(NoStats|ForWrite) == 0 {
		ks.Stats.Misses++
	}
	return it
}

// Find looks a key up with no effect at all: an expired key that is still there is found.
func (db *DB) Find(key []byte) Item { return db.find(key) }

func (db *DB) find(key []byte) Item {
	h := table.Hash(key)
	pos, r := db.keys.Find(h, key)
	return Item{Entry: object.Entry(r), db: db, key: key, hash: h, pos: pos, epoch: db.epoch}
}

// at returns the table slot of the item, found again when the table changed since.
func (it *Item) at() table.Pos {
	if it.epoch != it.db.epoch {
		*it = it.db.find(it.key)
	}
	return it.pos
}

// expire deletes an item whose time has come, or takes it for absent.
func (it *Item) expire() {
	ks := it.db.ks
	if !ks.ExpireOnAccess {
		it.Entry = 0
		return
	}
	it.deleteExpired()
}

func (it *Item) deleteExpired() {
	db, ks := it.db, it.db.ks
	it.remove()
	ks.Stats.Expired++
	ks.Notify(Expired, "expired", it.key, db.ID)
	if ks.Hooks.Modified != nil {
		ks.Hooks.Modified(db.ID, it.key)
	}
	if ks.Hooks.Expired != nil {
		ks.Hooks.Expired(db.ID, it.key)
	}
}

// Exists tells whether the key was found.
func (it *Item) Exists() bool { return it.Entry != 0 }

// DB returns the database the item belongs to.
func (it *Item) DB() *DB { return it.db }

// Key returns the key as the caller gave it.
func (it *Item) Key() []byte { return it.key }

// moved rewrites the table slot after the entry was changed, moved or both.
func (it *Item) moved(e object.Entry) {
	pos := it.at()
	it.db.keys.Replace(pos, mem.Ref(e))
	it.Entry = e
}

// insert puts a new entry into the table.
func (it *Item) insert(e object.Entry) {
	db := it.db
	db.keys.Insert(it.hash, mem.Ref(e))
	db.epoch++
	it.Entry = e
	if db.ks.Hooks.Created != nil {
		db.ks.Hooks.Created(db.ID, e.Type(), it.key)
	}
	db.ks.Notify(NewKey, "new", it.key, db.ID)
}

// remove takes the key out of the table and gives back what it held.
func (it *Item) remove() {
	pos := it.at()
	it.db.keys.Delete(pos)
	it.db.epoch++
	it.db.ks.release(it.Entry)
	it.Entry = 0
}

// SetString stores val as SET does: a new key, or a new value for an old one of any type. The expiry becomes expiry (Unix ms, 0: none).
func (it *Item) SetString(val []byte, expiry int64) {
	ks := it.db.ks
	if it.Entry == 0 {
		it.insert(object.NewString(ks.Arena, it.key, val, expiry, ks.Access.initial(), ks.Limits))
		return
	}
	e := it.Entry
	if e.Type() != object.String {
		it.replace(object.NewString(ks.Arena, it.key, val, expiry, e.LRU(), ks.Limits))
		return
	}
	pos := it.at()
	if e.Expiry() != expiry {
		e = object.SetExpiry(ks.Arena, e, expiry)
		it.db.keys.Replace(pos, mem.Ref(e))
	}
	if n := object.SetString(ks.Arena, e, val, ks.Limits); n != e {
		it.db.keys.Replace(pos, mem.Ref(n))
		e = n
	}
	it.Entry = e
}

// SetInt stores a number; an existing key keeps its expiry.
// REQUIRES: the key is absent or a string.
func (it *Item) SetInt(n int64) {
	ks := it.db.ks
	if it.Entry == 0 {
		it.insert(object.NewInt(ks.Arena, it.key, n, 0, ks.Access.initial(), ks.Limits))
		return
	}
	if e := object.SetInt(ks.Arena, it.Entry, n, ks.Limits); e != it.Entry {
		it.moved(e)
	}
}

// SetText stores a string that is not looked at for a number; an existing key keeps its expiry.
// REQUIRES: the key is absent or a string.
func (it *Item) SetText(val []byte) {
	ks := it.db.ks
	if it.Entry == 0 {
		it.insert(object.NewText(ks.Arena, it.key, val, 0, ks.Access.initial(), ks.Limits))
		return
	}
	if e := object.SetText(ks.Arena, it.Entry, val, ks.Limits); e != it.Entry {
		it.moved(e)
	}
}

// Edit makes the value a raw string of at least n bytes (zero-filled at the end), creating the key if need be, and
// returns its bytes to be changed in place; they are valid until the next call on the keyspace.
// REQUIRES: the key is absent or a string.
func (it *Item) Edit(n int) []byte {
	ks := it.db.ks
	if it.Entry == 0 {
		it.insert(object.NewRaw(ks.Arena, it.key, n, 0, ks.Access.initial()))
	} else if e := object.MakeRaw(ks.Arena, it.Entry, n); e != it.Entry {
		it.moved(e)
	}
	return object.RawBytes(it.Entry.Root())
}

// Expiry returns the Unix time in ms at which the key expires, 0 when it does not.
func (it *Item) Expiry() int64 { return it.Entry.Expiry() }

// SetExpiry sets (Unix ms) or removes (0) the expiry. REQUIRES: the key exists.
func (it *Item) SetExpiry(at int64) {
	pos := it.at()
	e := object.SetExpiry(it.db.ks.Arena, it.Entry, at)
	it.db.keys.Replace(pos, mem.Ref(e))
	it.Entry = e
}

// Delete removes the key. REQUIRES: the key exists.
func (it *Item) Delete() { it.remove() }

// replace puts another entry with the same key in the place of the item's, whose memory is given back.
func (it *Item) replace(e object.Entry) {
	pos := it.at()
	old := it.Entry
	it.db.keys.Replace(pos, mem.Ref(e))
	it.Entry = e
	it.db.ks.release(old)
}

// Put makes e the item's entry: a new key or another value for an old one. OWNS: e, whose key is the item's.
func (it *Item) Put(e object.Entry) {
	if it.Entry == 0 {
		it.insert(e)
		return
	}
	it.replace(e)
}

// Take removes the key from the table and leaves its entry to the caller, who owns it now (RENAME, MOVE).
func (it *Item) Take() object.Entry {
	pos := it.at()
	it.db.keys.Delete(pos)
	it.db.epoch++
	e := it.Entry
	it.Entry = 0
	return e
}
