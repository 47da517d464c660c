package keyspace

import (
	"granary/internal/encoding/table"
	"granary/internal/mem"
	"granary/internal/object"
	"granary/internal/prefix"
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
// other keys. Only an Item that was looked up ForWrite may be changed.
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

// Lookup looks up a key. A key whose time has come is deleted first, or taken for absent (see ExpireOnAccess).
func (db *DB) Lookup(key []byte, how Lookup) (it Item) {
	db.LookupTo(&it, key, how)
	return it
}

// LookupTo is Lookup with the Item where it stays, for commands that look up one key after the other: an Item is eight words, and
// each copy of it waits for the one before (3% of MGET, 6% of MSET).
func (db *DB) LookupTo(it *Item, key []byte, how Lookup) {
	db.findTo(it, key)
	ks := db.ks
	if db.part != nil && how&ForWrite != 0 {
		db.part.before(it.hash, key)
	}
	if it.Entry != 0 && it.Entry.HasExpiry() && it.Entry.Expiry() <= ks.Now {
		it.expire(how)
	}
	if it.Entry != 0 {
		if how&NoTouch == 0 {
			ks.Access.Touch(it.Entry)
		}
		if how&(NoStats|ForWrite) == 0 {
			ks.Stats.Hits++
		}
		return
	}
	if how&(NoNotify|ForWrite) == 0 {
		ks.Notify(KeyMiss, "keymiss", key, db.ID)
	}
	if how&(NoStats|ForWrite) == 0 {
		ks.Stats.Misses++
	}
}

// Find looks a key up with no effect at all: an expired key that is still there is found.
func (db *DB) Find(key []byte) Item { return db.find(key) }

func (db *DB) find(key []byte) (it Item) {
	db.findTo(&it, key)
	return it
}

func (db *DB) findTo(it *Item, key []byte) {
	h := table.Hash(key)
	it.db, it.key, it.hash, it.epoch = db, key, h, db.epoch
	it.Entry, it.pos = 0, 0
	if db.keys.Root() != 0 {
		pos, r := db.keys.Find(h, key)
		it.Entry, it.pos = object.Entry(r), pos
	}
}

// at returns the table slot of the item, found again when the table changed since.
func (it *Item) at() table.Pos {
	if it.epoch != it.db.epoch {
		it.db.findTo(it, it.key)
	}
	return it.pos
}

// Exists tells whether the key was found.
func (it *Item) Exists() bool { return it.Entry != 0 }

// DB returns the database the item belongs to.
func (it *Item) DB() *DB { return it.db }

// Key returns the key as the caller gave it.
func (it *Item) Key() []byte { return it.key }

// moved rewrites the table slot after the entry was changed, moved or both. The expiry is the same.
func (it *Item) moved(e object.Entry) {
	pos := it.at()
	it.db.keys.Replace(pos, mem.Ref(e))
	if e.HasFields() {
		it.db.movedFields(it.hash, it.Entry, e)
	}
	it.Entry = e
	it.Settle()
}

// store makes e the item's entry: a new key, which is told of, or another value for an old one.
// OWNS: e, which is given back if there is no memory for its slot.
func (it *Item) store(e object.Entry) {
	absent := it.Entry == 0
	defer func() {
		if it.Entry != e {
			it.refuse(e)
		}
	}()
	it.place(e)
	if absent {
		it.tellNew()
	}
}

// refuse gives back an entry that was made for the key and found no place.
func (it *Item) refuse(e object.Entry) {
	it.Settle() // large values are given back later, from the key's prefix
	it.db.release(e)
	it.Settle()
}

// place puts e into the table, in the place of the item's entry if there is one, whose memory is given back. If there is
// no memory, e is still the caller's and nothing has changed.
func (it *Item) place(e object.Entry) {
	if e.HasFields() || it.Entry != 0 && it.Entry.HasFields() {
		it.placeWithFields(e)
		return
	}
	it.placePlain(e, nil)
}

// placePlain is place without regard to fields that expire; settle is called before the old entry is given back.
func (it *Item) placePlain(e object.Entry, settle func()) {
	db := it.db
	if it.Entry == 0 {
		if db.keys.Root() == 0 {
			db.keys = table.New(db.ks.Arena, entryKind)
		}
		db.keys.Insert(it.hash, mem.Ref(e))
		db.epoch++
		db.ttls.add(e.Expiry())
		it.Entry = e
		if db.ks.prefixes != nil {
			it.settleNew()
		}
		return
	}
	pos, old := it.at(), it.Entry
	it.removed()
	db.keys.Replace(pos, mem.Ref(e))
	db.ttls.sub(old.Expiry())
	db.ttls.add(e.Expiry())
	it.Entry = e
	if settle != nil {
		settle()
	}
	more := int64(0)
	if db.ks.prefixes != nil {
		more = expires(e) - expires(old)
	}
	db.release(old)
	if db.ks.prefixes != nil {
		db.ks.settle(db, it.key, more)
	}
}

// tellNew tells of a key that came into being.
func (it *Item) tellNew() {
	db := it.db
	if db.ks.Hooks.Created != nil {
		db.ks.Hooks.Created(db.ID, it.Entry.Type(), it.key)
	}
	db.ks.Notify(NewKey, "new", it.key, db.ID)
}

// Delete removes the key and gives back what it held. REQUIRES: the key exists.
func (it *Item) Delete() {
	db := it.db
	pending := db.ks.apart()
	e := it.take()
	db.release(e)
	db.ks.endApart(db, it.key, pending)
}

// take removes the key from the table and leaves its entry to the caller, who owns it now.
func (it *Item) take() object.Entry {
	pos := it.at()
	if it.db.part != nil {
		it.db.part.before(table.Hash(it.key), it.key) // the slot may be known and the hash not
	}
	e := it.Entry
	it.removed()
	it.db.keys.Delete(pos)
	it.db.epoch++
	it.db.ttls.sub(e.Expiry())
	if e.HasFields() {
		it.db.dropFields(it.hash, e)
	}
	it.Entry = 0
	if p := it.db.ks.prefixes; p != nil {
		p.tree.Add(it.key, prefix.Counts{Keys: -1, Expires: -expires(e)}, p.sides(it.db, it.key))
	}
	return e
}

// Put makes e the item's entry: a new key, or another value for an old one of any type. The expiry becomes that of e.
// OWNS: e, whose key is the item's, even if there is no memory for its slot.
func (it *Item) Put(e object.Entry) { it.store(e) }

// Load is Put for a data set that is being loaded: nobody is told of the key.
func (it *Item) Load(e object.Entry) {
	defer func() {
		if it.Entry != e {
			it.refuse(e)
		}
	}()
	it.place(e)
	it.Settle()
}

// SetString stores val as SET does: a new key, or a new value for an old one of any type. The expiry becomes expiry
// (Unix ms, 0: none).
func (it *Item) SetString(val []byte, expiry int64) {
	ks := it.db.ks
	e := it.Entry
	switch {
	case e == 0:
		it.store(object.NewString(ks.Arena, it.key, val, expiry, ks.Access.Initial(), ks.Limits))
	case e.Type() != object.String || e.Expiry() != expiry:
		// Building anew allocates once; changing first the expiry and then the value would move the entry twice.
		it.store(object.NewString(ks.Arena, it.key, val, expiry, e.LRU(), ks.Limits))
	default:
		// Fast path: nothing but the value changes.
		if n := object.SetString(ks.Arena, e, val, ks.Limits); n != e {
			it.moved(n)
		}
	}
}

// SetBlock is SetString for a value that lies in a raw string's block of the keyspace's arena already (object.InitRaw).
// OWNS: block, even if there is no memory for the rest.
func (it *Item) SetBlock(block mem.Ref, expiry int64) {
	ks := it.db.ks
	e := it.Entry
	switch {
	case e == 0:
		it.store(object.NewFromBlock(ks.Arena, it.key, block, expiry, ks.Access.Initial()))
	case e.Type() != object.String || e.Expiry() != expiry:
		it.store(object.NewFromBlock(ks.Arena, it.key, block, expiry, e.LRU()))
	default:
		if n := object.SetBlock(ks.Arena, e, block); n != e {
			it.moved(n)
		}
	}
}

// SetInt stores a number; an existing key keeps its expiry.
// REQUIRES: the key is absent or a string.
func (it *Item) SetInt(n int64) {
	ks := it.db.ks
	if it.Entry == 0 {
		it.store(object.NewInt(ks.Arena, it.key, n, 0, ks.Access.Initial(), ks.Limits))
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
		it.store(object.NewText(ks.Arena, it.key, val, 0, ks.Access.Initial(), ks.Limits))
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
		it.store(object.NewRaw(ks.Arena, it.key, n, 0, ks.Access.Initial()))
	} else if e := object.MakeRaw(ks.Arena, it.Entry, n); e != it.Entry {
		it.moved(e)
	} else {
		it.Settle()
	}
	return object.RawBytes(it.Entry.Root())
}

// Expiry returns the Unix time in ms at which the key expires, 0 when it does not.
func (it *Item) Expiry() int64 { return it.Entry.Expiry() }

// SetExpiry sets (Unix ms) or removes (0) the expiry. REQUIRES: the key exists.
func (it *Item) SetExpiry(at int64) {
	db := it.db
	pos := it.at()
	old := it.Entry.Expiry()
	// The table notes the new expiry first, because that may need memory; if the entry then finds none, the old one is
	// noted again, for which there is room.
	db.keys.NoteExpire(pos, at)
	done := false
	defer func() {
		if !done {
			db.keys.NoteExpire(pos, old)
		}
	}()
	e := object.SetExpiry(db.ks.Arena, it.Entry, at)
	done = true
	if e != it.Entry {
		db.keys.Replace(pos, mem.Ref(e))
		if e.HasFields() {
			db.movedFields(it.hash, it.Entry, e)
		}
		it.Entry = e
	}
	db.ttls.sub(old)
	db.ttls.add(at)
	if db.ks.prefixes != nil {
		db.ks.settle(db, it.key, expires(e)-min(old, 1))
	}
}
