package admin

import (
	"math"

	"granary/internal/encoding/quicklist"
	"granary/internal/mem"
	"granary/internal/object"
	"granary/internal/types/hash"
	"granary/internal/types/set"
	"granary/internal/types/stream"
	"granary/internal/types/zset"
)

// savedLen returns the bytes that a value takes in an RDB file without compression: a flat value is saved as one string, a
// large one as its number of elements and their strings.
func savedLen(a *mem.Arena, e object.Entry) int {
	switch {
	case e.Type() == object.String:
		var s object.Scratch
		return savedText(e.Text(&s))
	case e.IsFlat():
		return savedSpan(len(e.Flat()))
	}
	n := 0
	switch e.Type() {
	case object.List:
		// Nodes are saved as they are: a kind, and one string.
		l := quicklist.Open(object.Lists(a), e.Root())
		info := l.Info()
		nodes, raw := info.Nodes, int(info.RawBytes)
		n = lengthBytes(nodes) + nodes*(1+lengthBytes(raw/max(nodes, 1))) + raw
	case object.Set:
		v := set.Of(e)
		var m set.Member
		n = lengthBytes(v.Len())
		v.Each(&m, func() bool {
			n += savedText(m.Text())
			return true
		})
	case object.Hash:
		var s hash.Scratch
		n = lengthBytes(hash.Len(e))
		i := hash.NewIter(e, 0)
		for i.Next() {
			n += savedText(i.Name(&s))
			n += savedText(i.Value(&s))
		}
	case object.ZSet:
		const score = 8
		v := zset.OfEntry(nil, e)
		var s zset.Scratch
		n = lengthBytes(v.Len())
		at := v.At(0)
		for ; at.Valid(); at.Next() {
			n += savedText(at.Member(&s)) + score
		}
	case object.Stream:
		n = savedStream(stream.OfEntry(a, e))
	}
	return n
}

// savedStream returns the bytes of a stream: its nodes, its numbers, and its groups with their pending entries, which those
// of consumers refer to by their IDs.
func savedStream(s stream.Stream) int {
	const (
		id    = 16
		msecs = 8
	)
	n := lengthBytes(s.Nodes())
	for it := s.NodesFrom(stream.MinID); it.Next(); {
		n += savedSpan(id) + savedSpan(len(it.Listpack))
	}
	n += lengthBytes(s.Len()) + savedID(s.LastID()) + savedID(s.FirstID()) + savedID(s.MaxDeletedID()) +
		savedNumber(s.EntriesAdded()) + lengthBytes(s.Groups())
	for g := s.EachGroup(); g.Next(); {
		n += savedText(g.Name()) + savedID(g.LastID()) + savedNumber(uint64(g.EntriesRead()))
		n += lengthBytes(g.Pending()) + lengthBytes(g.Consumers())
		for p := g.EachPending(stream.MinID, stream.MaxID, stream.Consumer{}); p.Next(); {
			n += id + msecs + savedNumber(p.Deliveries)
		}
		for c := g.EachConsumer(); c.Next(); {
			n += savedText(c.Name()) + 2*msecs + lengthBytes(c.Consumer.Pending()) + c.Consumer.Pending()*id
		}
	}
	return n
}

func savedID(id stream.ID) int { return savedNumber(id.Ms) + savedNumber(id.Seq) }

// savedNumber returns the bytes of a number that is written as a length is.
func savedNumber(n uint64) int {
	if n > math.MaxInt64 {
		return 9
	}
	return lengthBytes(int(n))
}

// savedText returns the bytes of a string: small integers are saved as numbers.
func savedText(text []byte) int {
	if n, ok := object.ParseInt(text); ok && len(text) <= 11 {
		switch {
		case n >= math.MinInt8 && n <= math.MaxInt8:
			return 2
		case n >= math.MinInt16 && n <= math.MaxInt16:
			return 3
		case n >= math.MinInt32 && n <= math.MaxInt32:
			return 5
		}
	}
	return savedSpan(len(text))
}

// savedSpan returns the bytes of n bytes with their length.
func savedSpan(n int) int { return lengthBytes(n) + n }

// lengthBytes returns the bytes of a length.
func lengthBytes(n int) int {
	switch {
	case n < 1<<6:
		return 1
	case n < 1<<14:
		return 2
	case n <= math.MaxUint32:
		return 5
	}
	return 9
}
