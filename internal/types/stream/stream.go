// Package stream is the value of a stream on a key: opening and creating it, what commands read of it, and IDs as texts. A
// stream has one encoding ("stream"), which is package encoding/stream, so most of what it can do is said there; what is
// here is what commands, digests and files need around it.
//
//	stream.go  the stream of a key
//	id.go      IDs as clients write them
//
// A stream is the one collection that may be empty: XDEL and XTRIM do not delete the key.
package stream

import (
	"granary/internal/config"
	"granary/internal/encoding/listpack"
	large "granary/internal/encoding/stream"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
)

// What package encoding/stream defines, for those above.
type (
	ID           = large.ID
	Stream       = large.Stream
	Iter         = large.Iter
	Trim         = large.Trim
	Doomed       = large.Doomed
	Limits       = large.Limits
	Group        = large.Group
	Consumer     = large.Consumer
	Pending      = large.Pending
	PendingIter  = large.PendingIter
	GroupIter    = large.GroupIter
	ConsumerIter = large.ConsumerIter
)

// Elem is a field name or a value, valid until the stream changes.
type Elem = listpack.Elem

// Scratch is room for the digits of an Elem that is stored as an integer.
type Scratch = listpack.Scratch

const (
	UnknownRead = large.UnknownRead
	Inactive    = large.Inactive
)

var (
	MinID = large.MinID
	MaxID = large.MaxID

	ErrTooLarge = large.ErrTooLarge
)

// LimitsOf returns when a node is full by a configuration.
func LimitsOf(c *config.Config) Limits {
	return Limits{
		Bytes:   int(min(c.StreamNodeMaxBytes, large.MaxSize)),
		Entries: int(min(c.StreamNodeMaxEntries, large.MaxSize)),
	}
}

// OfEntry returns the stream that an entry holds, whose arena is a.
//
// REQUIRES: e is a stream.
func OfEntry(a *mem.Arena, e object.Entry) Stream { return large.Open(a, e.Root()) }

// In returns the stream that an item holds.
//
// REQUIRES: it exists and is a stream.
func In(it *keyspace.Item) Stream { return OfEntry(it.DB().Keyspace().Arena, it.Entry) }

// Create makes a stream the value of an item that does not exist, after fill has worked on it, if there is one. When fill
// fails, or when memory is out, there is no key.
func Create(it *keyspace.Item, fill func(*Stream) error) (s Stream, err error) {
	s = large.New(it.DB().Keyspace().Arena)
	done := false
	defer func() {
		if !done {
			s.Free()
		}
	}()
	if fill != nil {
		if err = fill(&s); err != nil {
			return s, err
		}
	}
	it.PutRoot(object.Stream, object.StreamTree, s.Root())
	done = true
	return s, nil
}

// Has reports whether the stream has an entry with that ID.
func Has(s *Stream, id ID) bool {
	var it Iter
	s.Range(&it, id, id, false)
	return it.Next()
}

// Last returns the ID of the last entry that the stream has, which is not always the last that it had, or MinID if there
// is none.
func Last(s *Stream) ID {
	if s.Len() == 0 {
		return MinID
	}
	var it Iter
	s.Range(&it, MinID, MaxID, true)
	if !it.Next() {
		return MinID
	}
	return it.ID
}

// NextID returns the ID of an entry that is added now without an ID: the time, or what follows the last ID if the clock is
// not beyond it. ok is false when there is none left.
func NextID(last ID, now int64) (id ID, ok bool) {
	if uint64(now) > last.Ms {
		return ID{Ms: uint64(now)}, true
	}
	return last.Next()
}

// Edge returns the ID of the first entry, deleted ones included, or MaxID if there is none: what trimming up to it leaves
// is what is there.
func Edge(s *Stream) ID {
	nodes := s.NodesFrom(MinID)
	if !nodes.Next() {
		return MaxID
	}
	return nodes.Key
}
