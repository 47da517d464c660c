package hash

import (
	"granary/internal/encoding/hash"
	"granary/internal/encoding/listpack"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
)

const (
	// compactEntries and compactBytes bound what is put back into a listpack in one go: some 100 us.
	compactEntries = 1024
	compactBytes   = 32 << 10
)

// Compact looks whether a hashtable could be a listpack again, and with act makes it one. It returns the usable bytes that
// are or would be gained, and whether it did it. A hash at the limits would go to and fro, so it has to have become half as
// long as it may be. Nobody sees a difference but by OBJECT ENCODING.
//
// It may panic with mem.ErrOutOfMemory; nothing has changed then.
func Compact(it *keyspace.Item, lim Limits, act bool) (gain int64, done bool) {
	if it.Entry.Encoding() != object.Hashtable || it.FieldsDue() {
		return 0, false
	}
	h := hash.Open(nil, it.Entry.Root())
	most := min(lim.Entries/2, compactEntries)
	size, ok := FlatSize(it.Entry, most, lim.Value)
	if !ok || size > compactBytes {
		return 0, false
	}
	now, _ := it.Entry.Bytes()
	if gain = now - it.Entry.BytesWithFlat(size); gain <= 0 {
		return 0, false
	}
	if !act {
		return gain, false
	}
	enc := object.Listpack
	if h.CountExpires() > 0 {
		enc = object.ListpackEx
	}
	lp := listpack.New(make([]byte, 0, size))
	h.Each(func(f hash.Field) bool {
		name, value := listpack.Of(f.Name()), listpack.Of(f.Value())
		if enc == object.Listpack {
			lp = lp.BatchInsert(lp.End(), name, value)
		} else {
			lp = lp.BatchInsert(hash.FlatPlace(lp, f.Expiry()), name, value, listpack.Int(f.Expiry()))
		}
		return true
	})
	it.ReplaceFlat(enc, lp)
	return gain, true
}

// FlatSize returns the bytes of the listpack (or the listpackex, if fields expire) that a hashtable would be. ok is false if
// there are more than most fields, or one of more than longest bytes.
func FlatSize(e object.Entry, most, longest int) (size int, ok bool) {
	h := hash.Open(nil, e.Root())
	if h.Len() > most {
		return 0, false
	}
	size, ok = listpack.EmptySize, true
	ex := h.CountExpires() > 0
	h.Each(func(f hash.Field) bool {
		name, value := f.Name(), f.Value()
		size += listpack.EncodedSize(name) + listpack.EncodedSize(value)
		if ex {
			size += listpack.Int(f.Expiry()).Size()
		}
		ok = len(name) <= longest && len(value) <= longest
		return ok
	})
	return size, ok
}

// dueMost bounds the fields that CountDue counts.
const dueMost = 4096

// CountDue returns how many fields of a hash have expired at now and are still there, and about how many usable bytes they
// take. It counts some thousands at most.
func CountDue(e object.Entry, now int64) (n, bytes int64) {
	if e.Encoding() == object.ListpackEx {
		lp := flat(e)
		for p := lp.First(); p != 0; p = lp.Skip(p, hash.Triple) {
			if at := hash.FlatExpiry(lp, p); at == 0 || at > now {
				break
			}
			size, _ := lp.RangeSize(p, hash.Triple)
			n++
			bytes += int64(size)
		}
		return n, bytes
	}
	if e.Encoding() != object.Hashtable {
		return 0, 0
	}
	h := hash.Open(nil, e.Root())
	for c := uint64(0); n < dueMost; {
		c = h.Due(c, now, func(f hash.Field) {
			n++
			bytes += int64(mem.Usable(f.Size()))
		})
		if c == 0 {
			break
		}
	}
	return n, bytes
}
