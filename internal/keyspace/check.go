package keyspace

import (
	"fmt"

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
		err = e.Check()
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
