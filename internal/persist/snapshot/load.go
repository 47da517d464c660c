package snapshot

import (
	"fmt"

	"granary/internal/keyspace"
	"granary/internal/persist/rdb"
)

// Loader puts what a file has into a keyspace. It implements rdb.Content. Nobody is told of the keys.
type Loader struct {
	KS *keyspace.Keyspace

	// KeepExpired is set when keys whose time has come are kept, as a replica does: its master deletes them.
	KeepExpired bool
	// Replace is set when a key may be there already.
	Replace bool
	// OnAux and OnFunction are given what is not data. Each may be nil.
	OnAux      func(name, value string)
	OnFunction func(code []byte) error
	// OnEmpty is told of keys that are left out because their values have no elements.
	OnEmpty func(key []byte)
	// Between is called after every key, outside of any change: the lock may be let go there.
	Between func() error

	Told        int64 // keys that the file says it has, as far as it was read
	ToldExpires int64 // of them, those that expire

	Keys    int64 // loaded
	Expired int64 // left out: their time had come
	Skipped int64 // left out: without elements
}

// Aux takes an auxiliary field.
func (l *Loader) Aux(name, value string) {
	if l.OnAux != nil {
		l.OnAux(name, value)
	}
}

// Sizes takes the sizes of a database. The time of keys that expire may have come, so they may be missing.
func (l *Loader) Sizes(db, keys, expires int) {
	l.Told += int64(keys)
	l.ToldExpires += int64(expires)
	if db < len(l.KS.DBs) {
		l.KS.DBs[db].Expect(max(keys-expires, 0))
	}
}

// End says that no more keys come.
func (l *Loader) End() {
	for _, db := range l.KS.DBs {
		db.Expect(0)
	}
}

// Function takes the code of a library.
func (l *Loader) Function(code []byte) error {
	if l.OnFunction == nil {
		return nil
	}
	return l.OnFunction(code)
}

// Key takes a key.
func (l *Loader) Key(rec *rdb.Record, r *rdb.Reader) error {
	if err := l.key(rec, r); err != nil || l.Between == nil {
		return err
	}
	return l.Between()
}

func (l *Loader) key(rec *rdb.Record, r *rdb.Reader) error {
	ks := l.KS
	if rec.DB >= len(ks.DBs) {
		return fmt.Errorf("it is of database %d, and there are %d databases", rec.DB, len(ks.DBs))
	}
	if rec.Expiry != 0 && rec.Expiry <= ks.Now && !l.KeepExpired {
		l.Expired++
		return nil
	}
	it := ks.DBs[rec.DB].Find(rec.Key)
	if it.Exists() && !l.Replace {
		return fmt.Errorf("the key is there twice")
	}
	it.Load(r.Entry(rec.Key, max(rec.Expiry, 0), ks.Access.Initial()))
	switch access := &ks.Access; {
	case access.LFU && rec.Freq >= 0:
		access.SetFrequency(it.Entry, uint8(rec.Freq))
	case !access.LFU && rec.Idle >= 0:
		access.SetIdle(it.Entry, rec.Idle)
	}
	l.Keys++
	return nil
}

// Empty takes a key that has a value without elements.
func (l *Loader) Empty(rec *rdb.Record) {
	l.Skipped++
	if l.OnEmpty != nil {
		l.OnEmpty(rec.Key)
	}
}
