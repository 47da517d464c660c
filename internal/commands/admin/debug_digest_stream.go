package admin

import (
	"strconv"

	"granary/internal/mem"
	"granary/internal/object"
	"granary/internal/types/stream"
)

// stream adds the entries of a stream in their order: for each its ID, and the names and values of its fields. Groups are
// not part of the digest.
func (d *digest) stream(a *mem.Arena, e object.Entry) {
	s := stream.OfEntry(a, e)
	var it stream.Iter
	var name, value stream.Scratch
	var id [stream.IDLen]byte
	for s.Range(&it, stream.MinID, stream.MaxID, false); it.Next(); {
		d.mix(appendDotted(id[:0], it.ID))
		for range it.Fields {
			n, v := it.Field()
			d.mix(n.Text(&name))
			d.mix(v.Text(&value))
		}
	}
}

// appendDotted appends an ID with a dot, which digests have and nothing else.
func appendDotted(dst []byte, id stream.ID) []byte {
	dst = strconv.AppendUint(dst, id.Ms, 10)
	dst = append(dst, '.')
	return strconv.AppendUint(dst, id.Seq, 10)
}
