package keyspace

import (
	"fmt"

	"granary/internal/mem"
	"granary/internal/object"
)

// Check walks all databases and reports the first broken invariant. It reads every entry.
func (ks *Keyspace) Check() error {
	for _, db := range ks.DBs {
		if err := db.Check(); err != nil {
			return fmt.Errorf("database %d: %w", db.ID, err)
		}
	}
	return nil
}

// Check walks a database and reports the first broken invariant.
func (db *DB) Check() error {
	if db.keys.Root() == 0 {
		if db.ttls != (sum{}) {
			return fmt.Errorf("keyspace: no keys, but expiries add up to %v", db.ttls)
		}
		return nil
	}
	if err := db.keys.Check(); err != nil {
		return err
	}
	var ttls sum
	var err error
	db.Each(func(e object.Entry) bool {
		ttls.add(e.Expiry())
		err = checkEntry(e)
		return err == nil
	})
	if err != nil {
		return err
	}
	if ttls != db.ttls {
		return fmt.Errorf("keyspace: expiries add up to %v, the sum says %v", ttls, db.ttls)
	}
	return nil
}

// checkEntry checks what the key table does not know of an entry.
func checkEntry(e object.Entry) error {
	if e.Type() != object.String {
		return fmt.Errorf("keyspace: key %.64q is a %s", e.Key(), e.Type())
	}
	if e.HasExpiry() && e.Expiry() <= 0 {
		return fmt.Errorf("keyspace: key %.64q has the expiry %d", e.Key(), e.Expiry())
	}
	switch e.Encoding() {
	case object.Int:
		if n := e.Int(); e.IsSharedInt() && (n < 0 || n >= object.SharedInts || object.SharedRefs(n) == 0) {
			return fmt.Errorf("keyspace: key %.64q claims to share the number %d", e.Key(), n)
		}
	case object.Embstr:
	case object.Raw:
		root := e.Root()
		if object.RawRefs(root) < 1 || mem.Usable(object.RawSize(root)) < len(object.RawBytes(root)) {
			return fmt.Errorf("keyspace: key %.64q: %d references to a block of %d bytes for a string of %d", e.Key(),
				object.RawRefs(root), object.RawSize(root), len(object.RawBytes(root)))
		}
	default:
		return fmt.Errorf("keyspace: key %.64q is a string in encoding %s", e.Key(), e.Encoding())
	}
	return nil
}
