package rdb

import (
	"encoding/binary"
	"slices"

	streams "granary/internal/encoding/stream"
	"granary/internal/types/stream"
)

// keySize is the bytes of an ID that is a key.
const keySize = 16

// pending is an entry of a group that nobody has claimed yet.
type pending struct {
	id         stream.ID
	time       int64
	deliveries uint64
}

// readKey reads the 16 bytes of an ID.
func (r *Reader) readKey() (id stream.ID) {
	if b := r.take(keySize); b != nil {
		id.Ms, id.Seq = binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
	}
	return id
}

func (r *Reader) readID() stream.ID { return stream.ID{Ms: r.Length(), Seq: r.Length()} }

func (r *Reader) readStream(t Type) {
	r.stream, r.what = streams.New(r.arena), builtStream
	s := &r.stream
	for n := r.Count(keySize); n > 0 && r.err == nil; n-- {
		key := r.String()
		if len(key) != keySize {
			r.Corrupt("a stream with a node whose ID is not one")
			return
		}
		id := stream.ID{Ms: binary.BigEndian.Uint64(key), Seq: binary.BigEndian.Uint64(key[8:])}
		lp := r.listpack("Stream listpack")
		if r.err != nil {
			return
		}
		if lp == nil || s.AddNode(id, lp) != nil {
			r.Corrupt("Stream listpack integrity check failed")
			return
		}
	}
	length := r.Length()
	last := r.readID()
	s.SetLastID(last)
	if t == TypeStream {
		s.SetEntriesAdded(length)
	} else {
		r.readID() // the first ID, which the nodes tell
		s.SetMaxDeletedID(r.readID())
		s.SetEntriesAdded(r.Length())
	}
	switch {
	case r.err != nil:
		return
	case length != uint64(s.Len()):
		r.Corrupt("a stream with another number of entries than it says")
		return
	case s.Len() > 0 && last.Less(stream.Last(s)):
		r.Corrupt("a stream whose last ID is not the last")
		return
	}
	for n := r.Count(4); n > 0 && r.err == nil; n-- {
		r.readGroup(s, t)
	}
}

func (r *Reader) readGroup(s *stream.Stream, t Type) {
	r.member = append(r.member[:0], r.String()...)
	last, read := r.readID(), uint64(0)
	if t != TypeStream {
		read = r.Length()
	} else if r.err == nil {
		read = uint64(s.CountTo(last))
	}
	if r.err != nil {
		return
	}
	g, created := s.CreateGroup(r.member, last, max(int64(read), stream.UnknownRead))
	if !created {
		r.Corrupt("Duplicated consumer group name")
		return
	}
	list := r.readPending()
	owned := 0
	for n := r.Count(10); n > 0 && r.err == nil; n-- {
		owned += r.readConsumer(&g, t, list)
	}
	if r.err == nil && owned != len(list) {
		r.Corrupt("NACK without consumer: a pending entry that no consumer has")
	}
}

// readPending reads what pends in a group, in the order of IDs.
func (r *Reader) readPending() []pending {
	n := r.Count(keySize + 9)
	list := make([]pending, 0, min(n, 1<<16))
	for ; n > 0 && r.err == nil; n-- {
		list = append(list, pending{r.readKey(), int64(r.Uint64()), r.Length()})
	}
	for i := 1; i < len(list); i++ {
		if !list[i-1].id.Less(list[i].id) {
			r.Corrupt("a stream with pending entries that are not in order")
			break
		}
	}
	return list
}

// readConsumer reads a consumer and gives it what pends with it. It returns how much that is.
func (r *Reader) readConsumer(g *stream.Group, t Type, list []pending) (owned int) {
	r.member = append(r.member[:0], r.String()...)
	seen := int64(r.Uint64())
	active := seen
	if t == TypeStream3 {
		active = int64(r.Uint64())
	}
	if r.err != nil {
		return 0
	}
	c, created := g.CreateConsumer(r.member, seen)
	if !created {
		r.Corrupt("Duplicate stream consumer detected")
		return 0
	}
	c.SetSeen(seen)
	c.SetActive(active)
	for n := r.Count(keySize); n > 0 && r.err == nil; n-- {
		id := r.readKey()
		i, found := slices.BinarySearchFunc(list, id, func(p pending, id stream.ID) int { return p.id.Compare(id) })
		if r.err != nil {
			break
		}
		if !found || !g.Assign(id, c, list[i].time, list[i].deliveries) {
			r.Corrupt("Consumer entry not found in group global PEL, or duplicated")
			break
		}
		owned++
	}
	return owned
}
