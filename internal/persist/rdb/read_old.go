package rdb

import (
	"errors"

	"granary/internal/encoding/listpack"
	"granary/internal/types/hash"
)

// Types of versions that no longer write them, and of servers other than Redis.

func (r *Reader) readOld(t Type) {
	switch t {
	case TypeListZiplist:
		appendAll(r.beginList(), r.ziplist("List ziplist"))
	case TypeListQuicklist:
		l := r.beginList()
		for n := r.Count(1); n > 0 && r.err == nil; n-- {
			appendAll(l, r.ziplist("Ziplist"))
		}
	case TypeZSetZiplist:
		r.readZSetListpack(r.ziplist("Zset ziplist"))
	case TypeHashZiplist:
		r.readHashListpack(r.ziplist("Hash ziplist"))
	case TypeHashZipmap:
		r.readHashListpack(r.zipmap())
	case TypeHashFieldsDraft:
		if r.Valkey {
			r.readValkeyHash()
		} else {
			r.readHashFields(1) // times were not yet counted from the first
		}
	case TypeHashListpackExDraft:
		r.readListpackEx(r.listpack("Hash listpack"))
	case TypeModule, TypeModule2:
		r.fail(ErrModule)
	default:
		r.Corrupt("unknown type of value")
	}
}

// ziplist reads a string that is a ziplist, as a listpack.
func (r *Reader) ziplist(of string) listpack.Listpack {
	return r.converted(of, listpack.ZiplistSize, listpack.FromZiplist)
}

// zipmap reads a string that is a zipmap, as a listpack. None was ever saved without fields.
func (r *Reader) zipmap() listpack.Listpack {
	lp := r.converted("Zipmap", listpack.ZipmapSize, listpack.FromZipmap)
	if lp == nil && r.err == nil {
		r.malformed("Zipmap", errNoFields)
	}
	return lp
}

var errNoFields = errors.New("it has no fields")

func (r *Reader) converted(of string, size func([]byte) (int, error), convert func(dst, b []byte) listpack.Listpack) listpack.Listpack {
	b := r.String()
	if r.err != nil {
		return nil
	}
	n, err := size(b)
	if err != nil {
		r.malformed(of, err)
		return nil
	}
	lp := convert(make([]byte, 0, n), b)
	if lp.Empty() {
		return nil
	}
	return lp
}

// readValkeyHash reads a hash of Valkey 9 with fields that expire: the time of each behind its value, -1 for none.
func (r *Reader) readValkeyHash() {
	h := r.beginHash()
	for n := r.Count(10); n > 0 && r.err == nil; n-- {
		r.member = append(r.member[:0], r.String()...)
		r.value = append(r.value[:0], r.String()...)
		at := int64(r.Uint64())
		if at == -1 {
			at = 0
		} else if at <= 0 || at > hash.MaxExpiry {
			r.Corrupt("a hash with an expiry that is no time")
			return
		}
		r.putField(h, r.member, r.value, at)
	}
}
