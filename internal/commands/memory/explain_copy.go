package memory

import (
	"granary/internal/encoding/listpack"
	"granary/internal/encoding/quicklist"
	"granary/internal/encoding/stream"
	lists "granary/internal/types/list"
)

// copyList appends the elements of the list to another.
func (x *explanation) copyList(to *quicklist.List) {
	v := lists.Of(x.c.Keys().Arena, x.e)
	var digits listpack.Scratch
	it := v.From(0, false)
	for ; it.Valid(); it.Next() {
		to.PushTail(listpack.Of(it.Elem().Text(&digits)))
	}
}

// copyStream appends the entries of a stream to another, whose nodes have other limits.
func copyStream(to, from *stream.Stream, lim stream.Limits) {
	var it stream.Iter
	var fields [][]byte
	from.Range(&it, stream.MinID, stream.MaxID, false)
	for it.Next() {
		fields = fields[:0]
		for range it.Fields {
			name, value := it.Field()
			fields = append(fields, name.AppendTo(nil), value.AppendTo(nil))
		}
		if to.Append(it.ID, fields, lim) != nil {
			return // an entry that no stream of today would take
		}
	}
}
