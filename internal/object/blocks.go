package object

import (
	"granary/internal/encoding/hash"
	"granary/internal/encoding/quicklist"
	"granary/internal/encoding/set"
	"granary/internal/encoding/stream"
	"granary/internal/encoding/zset"
	"granary/internal/mem"
)

// Blocks calls fn for the memory that belongs to the entry alone, with its purpose and usable bytes: the entry itself, the
// block of its value, or the sums that a large value keeps. It takes no longer for a large value. It reports false for
// a value whose bytes it cannot tell.
func (e Entry) Blocks(fn func(p mem.Purpose, usable int)) bool {
	fn(e.Purpose(), mem.Usable(e.Size()))
	switch {
	case e.Type() == String:
		if e.Encoding() == Raw {
			fn(mem.PurposeString, mem.Usable(RawSize(e.Root())))
		}
	case e.IsFlat():
		if !e.Embedded() {
			fn(e.FlatPurpose(), mem.Usable(len(e.Flat())))
		}
	case e.Type() == Hash:
		h := hash.Open(nil, e.Root())
		fn(mem.PurposeHashTable, int(h.TableBytes()-h.ExpireBytes())) // the order of expiry is booked apart
		fn(mem.PurposeHashEntry, int(h.FieldBytes()))
		fn(mem.PurposeExpire, int(h.ExpireBytes()))
	case e.Type() == Set:
		s := set.Open(nil, e.Root())
		fn(mem.PurposeSetTable, int(s.TableBytes()))
		fn(mem.PurposeSetMember, int(s.MemberBytes()))
	case e.Type() == ZSet:
		z := zset.Open(nil, e.Root())
		table, index, members := z.Bytes()
		fn(mem.PurposeZSetTable, int(table))
		fn(mem.PurposeZSetIndex, int(index))
		fn(mem.PurposeZSetMember, int(members))
	case e.Type() == List:
		l := quicklist.Open(nil, e.Root())
		tree := l.TreeBytes()
		fn(mem.PurposeQuicklist, int(tree))
		fn(mem.PurposeListpack, int(l.Bytes()-tree))
	case e.Type() == Stream:
		s := stream.Open(nil, e.Root())
		entries, groups := s.BytesByPurpose()
		fn(mem.PurposeStream, int(entries))
		fn(mem.PurposeStreamGroup, int(groups))
	default:
		return false
	}
	return true
}
