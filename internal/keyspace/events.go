package keyspace

// Class is a set of classes of keyspace events, with the numbers Redis uses, which are those of notify-keyspace-events
// in package config.
type Class uint32

// The classes, with the letter that notify-keyspace-events knows each by.
const (
	KeyChannel   Class = 1 << 0  // K: published under __keyspace@<db>__
	EventChannel Class = 1 << 1  // E: published under __keyevent@<db>__
	Generic      Class = 1 << 2  // g
	String       Class = 1 << 3  // $
	List         Class = 1 << 4  // l
	Set          Class = 1 << 5  // s
	Hash         Class = 1 << 6  // h
	ZSet         Class = 1 << 7  // z
	Expired      Class = 1 << 8  // x
	Evicted      Class = 1 << 9  // e
	Stream       Class = 1 << 10 // t
	KeyMiss      Class = 1 << 11 // m
	Loaded       Class = 1 << 12 // told to modules only
	Module       Class = 1 << 13 // d
	NewKey       Class = 1 << 14 // n
)

// Notify tells of an event, if its class is on.
func (ks *Keyspace) Notify(class Class, event string, key []byte, db int) {
	if ks.Events&class == 0 || ks.Hooks.Event == nil {
		return
	}
	ks.Hooks.Event(class, event, key, db)
}

// exchanged tells that a database holds other keys now.
func (ks *Keyspace) exchanged(db *DB) {
	if ks.Hooks.Exchanged != nil {
		ks.Hooks.Exchanged(db.ID)
	}
}

// removed tells that the item's key goes away, or is about to hold something else.
func (it *Item) removed() {
	if ks := it.db.ks; ks.Hooks.Removed != nil {
		ks.Hooks.Removed(it.db.ID, it.Entry.Type(), it.key)
	}
}

// Modified tells that the value of a key changed or went away.
func (ks *Keyspace) Modified(db int, key []byte) {
	if p := ks.prefixes; p != nil && p.settled != ks.Arena.KeyBytes() {
		ks.settle(ks.DBs[db], key, 0)
	}
	if ks.Hooks.Modified != nil {
		ks.Hooks.Modified(db, key, false)
	}
}

// expired is Modified for what time or want of memory has done.
func (ks *Keyspace) expired(db int, key []byte) {
	if ks.Hooks.Modified != nil {
		ks.Hooks.Modified(db, key, true)
	}
}
