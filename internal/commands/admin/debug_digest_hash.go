package admin

import (
	"granary/internal/object"
	"granary/internal/types/hash"
)

// hash adds the fields of a hash, in any order: xor(digest of mix(field), mix(value)), and for a field that expires one more
// xor in that digest.
func (d *digest) hash(e object.Entry) {
	var s hash.Scratch
	i := hash.NewIter(e, 0)
	for i.Next() {
		var f digest
		f.mix(i.Name(&s))
		f.mix(i.Value(&s))
		if i.Expiry() != 0 {
			f.xor([]byte("!!hexpire!!"))
		}
		d.xor(f[:])
	}
}
