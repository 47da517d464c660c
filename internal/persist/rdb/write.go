package rdb

import (
	"encoding/binary"
	"math"

	"granary/internal/encoding/quicklist"
	"granary/internal/mem"
	"granary/internal/object"
	"granary/internal/types/hash"
	"granary/internal/types/set"
	"granary/internal/types/stream"
	"granary/internal/types/zset"
)

// TypeOf returns the type byte under which an entry's value is written, and the version of the format that has it.
func TypeOf(e object.Entry) (t Type, version int) {
	switch e.Type() {
	case object.List:
		return TypeListQuicklist2, Version
	case object.Set:
		if e.Encoding() == object.Intset {
			return TypeSetIntset, Version
		}
		return TypeSet, Version
	case object.ZSet:
		if e.Encoding() == object.Listpack {
			return TypeZSetListpack, Version
		}
		return TypeZSet2, Version
	case object.Hash:
		return typeOfHash(e)
	case object.Stream:
		return TypeStream2, Version
	}
	return TypeString, Version
}

// typeOfHash is TypeOf for hashes: those whose fields do not expire, or do not any more, are written for every reader.
func typeOfHash(e object.Entry) (Type, int) {
	switch e.Encoding() {
	case object.Listpack:
		return TypeHashListpack, Version
	case object.ListpackEx:
		if e.HasFields() {
			return TypeHashListpackEx, VersionFields
		}
		return TypeHash, Version
	}
	if e.HasFields() {
		return TypeHashFields, VersionFields
	}
	return TypeHash, Version
}

// Value writes a value, in steps if it is large. Between steps nothing may change the value, but its blocks may move.
//
//	v := rdb.NewValue(arena, e)
//	for !v.Write(w, budget) {
//	}
type Value struct {
	arena *mem.Arena
	e     object.Entry
	begun bool

	cursor uint64 // hash, set: position of the scan; list: the next node; sorted set: the rank after the next
	stream streamWriter
}

// NewValue begins to write the value of an entry.
func NewValue(a *mem.Arena, e object.Entry) Value { return Value{arena: a, e: e} }

// Moved tells that the entry lies elsewhere now.
func (v *Value) Moved(e object.Entry) { v.e = e }

// Write writes a part of the value, which is about budget bytes or one element, and reports whether it was the last. The
// type byte and the key are the caller's to write.
func (v *Value) Write(w *Encoder, budget int) (done bool) {
	e := v.e
	switch e.Type() {
	case object.String:
		writeString(w, e)
		return true
	case object.List:
		return v.writeList(w, budget)
	case object.Set:
		return v.writeSet(w, budget)
	case object.ZSet:
		return v.writeZSet(w, budget)
	case object.Hash:
		return v.writeHash(w, budget)
	}
	if !v.begun {
		v.begun = true
		v.stream.begin(w, stream.OfEntry(v.arena, e))
	}
	return v.stream.write(w, stream.OfEntry(v.arena, e), budget)
}

// WriteAll writes a value as a whole.
func WriteAll(w *Encoder, a *mem.Arena, e object.Entry) {
	v := NewValue(a, e)
	for !v.Write(w, math.MaxInt) {
	}
}

// Size returns the bytes that WriteAll writes.
func Size(a *mem.Arena, e object.Entry) (n int) {
	w := NewEncoder(Block{Bytes: make([]byte, 0, 4096)}, func(b Block, _ int) Block {
		n += len(b.Bytes)
		return Block{b.Bytes[:0], b.Marks[:0]}
	})
	WriteAll(w, a, e)
	return n + len(w.Rest().Bytes)
}

// meter counts down what a step may still write.
type meter int

// spend takes n bytes, and something for the element they are, and reports whether the step is over.
func (m *meter) spend(n int) bool {
	*m -= meter(n + 8)
	return m.over()
}

func (m *meter) over() bool { return *m <= 0 }

func writeString(w *Encoder, e object.Entry) {
	if e.Encoding() == object.Int {
		w.Int(e.Int())
		return
	}
	var digits object.Scratch
	w.String(e.Text(&digits))
}

func (v *Value) writeList(w *Encoder, budget int) bool {
	if v.e.IsFlat() {
		w.Length(1)
		w.Length(nodePacked)
		w.Text(v.e.Flat())
		return true
	}
	l := quicklist.Open(object.Lists(v.arena), v.e.Root())
	n := l.Nodes()
	if !v.begun {
		v.begun = true
		w.Length(uint64(n))
	}
	for m := meter(budget); v.cursor < uint64(n); {
		node := l.Node(int(v.cursor))
		v.cursor++
		kind := uint64(nodePacked)
		if node.Plain {
			kind = nodePlain
		}
		w.Length(kind)
		if node.Compressed {
			w.Compressed(node.Data, node.Size)
		} else {
			w.Text(node.Data)
		}
		if m.spend(len(node.Data)) {
			break
		}
	}
	return v.cursor == uint64(n)
}

func (v *Value) writeSet(w *Encoder, budget int) bool {
	if v.e.Encoding() == object.Intset {
		w.Text(v.e.Flat())
		return true
	}
	s := set.Of(v.e)
	if !v.begun {
		v.begun = true
		w.Length(uint64(s.Len()))
	}
	var member set.Member
	if v.e.IsFlat() {
		s.Each(&member, func() bool {
			w.String(member.Text())
			return true
		})
		return true
	}
	for m := meter(budget); ; {
		over := false
		v.cursor = s.Scan(v.cursor, &member, func() {
			w.String(member.Text())
			over = m.spend(len(member.Text())) || over
		})
		if over || v.cursor == 0 {
			return v.cursor == 0
		}
	}
}

// writeZSet writes the members from the last to the first, so that who reads them adds each at the beginning.
func (v *Value) writeZSet(w *Encoder, budget int) bool {
	if v.e.IsFlat() {
		w.Text(v.e.Flat())
		return true
	}
	z := zset.OfEntry(v.arena, v.e)
	if !v.begun {
		v.begun = true
		v.cursor = uint64(z.Len())
		w.Length(v.cursor)
	}
	var s zset.Scratch
	c := z.At(int(v.cursor) - 1)
	for m := meter(budget); v.cursor > 0; {
		member := c.Member(&s)
		w.String(member)
		w.Double(c.Score())
		c.Prev()
		v.cursor--
		if m.spend(len(member) + 8) {
			break
		}
	}
	return v.cursor == 0
}

func (v *Value) writeHash(w *Encoder, budget int) bool {
	t, _ := typeOfHash(v.e)
	switch t {
	case TypeHashListpack:
		w.Text(v.e.Flat())
		return true
	case TypeHashListpackEx:
		w.Uint64(uint64(v.e.FieldExpiry()))
		w.Text(v.e.Flat())
		return true
	}
	first := int64(0)
	if t == TypeHashFields {
		first = v.e.FieldExpiry()
	}
	if !v.begun {
		v.begun = true
		if t == TypeHashFields {
			w.Uint64(uint64(first))
		}
		w.Length(uint64(hash.Len(v.e)))
	}
	var s hash.Scratch
	if v.e.IsFlat() {
		it := hash.NewIter(v.e, 0)
		for it.Next() {
			w.String(it.Name(&s))
			w.String(it.Value(&s))
		}
		return true
	}
	for m := meter(budget); ; {
		over := false
		v.cursor = hash.ScanAll(v.e, v.cursor, func(name, value []byte, expiry int64) {
			if t == TypeHashFields {
				w.Length(fieldTime(expiry, first))
			}
			w.String(name)
			w.String(value)
			over = m.spend(len(name)+len(value)) || over
		})
		if over || v.cursor == 0 {
			return v.cursor == 0
		}
	}
}

// fieldTime returns the expiry of a field as it is written: 0 is none, 1 the first of the hash.
func fieldTime(expiry, first int64) uint64 {
	if expiry == 0 {
		return 0
	}
	return uint64(expiry-first) + 1
}

// streamWriter is how far a stream has been written: entries, then the numbers, then each group with what pends in it and its
// consumers with what pends with each.
type streamWriter struct {
	part     streamPart
	from     stream.ID // the next node or pending entry that is not before it
	group    []byte    // name of the group that is being written, or was last
	consumer []byte    // likewise
}

type streamPart uint8

const (
	partNodes streamPart = iota
	partGroups
	partPending
	partConsumers
	partOwn
	partDone
)

func (p *streamWriter) begin(w *Encoder, s stream.Stream) { w.Length(uint64(s.Nodes())) }

func writeID(w *Encoder, id stream.ID) {
	w.Length(id.Ms)
	w.Length(id.Seq)
}

// writeKey writes the 16 bytes of an ID.
func writeKey(w *Encoder, id stream.ID) {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], id.Ms)
	binary.BigEndian.PutUint64(b[8:], id.Seq)
	w.Raw(b[:])
}

func (p *streamWriter) write(w *Encoder, s stream.Stream, budget int) bool {
	m := meter(budget)
	for p.part != partDone {
		var over bool
		switch p.part {
		case partNodes:
			over = p.nodes(w, &s, &m)
		case partGroups:
			over = p.nextGroup(w, &s)
		case partPending:
			over = p.pending(w, &s, &m)
		case partConsumers:
			over = p.nextConsumer(w, &s)
		case partOwn:
			over = p.own(w, &s, &m)
		}
		if over {
			break
		}
	}
	return p.part == partDone
}

// nodes writes nodes, and behind the last what is known of the stream as a whole. It reports whether the step is over, as the
// other parts do.
func (p *streamWriter) nodes(w *Encoder, s *stream.Stream, m *meter) bool {
	it := s.NodesFrom(p.from)
	for it.Next() {
		if m.over() {
			p.from = it.Key
			return true
		}
		w.Length(16)
		writeKey(w, it.Key)
		w.Text(it.Listpack)
		m.spend(len(it.Listpack))
	}
	w.Length(uint64(s.Len()))
	writeID(w, s.LastID())
	writeID(w, s.FirstID())
	writeID(w, s.MaxDeletedID())
	w.Length(s.EntriesAdded())
	w.Length(uint64(s.Groups()))
	p.part = partGroups
	return false
}

// nextGroup writes the head of the group behind the one that is done.
func (p *streamWriter) nextGroup(w *Encoder, s *stream.Stream) bool {
	it := s.EachGroup()
	if p.group != nil {
		it = s.GroupsAfter(p.group)
	}
	if !it.Next() {
		p.part = partDone
		return false
	}
	p.group = append([]byte{}, it.Name()...)
	w.String(p.group)
	writeID(w, it.LastID())
	w.Length(uint64(it.EntriesRead()))
	w.Length(uint64(it.Pending()))
	p.part, p.from = partPending, stream.MinID
	return false
}

// pending writes what pends in the group.
func (p *streamWriter) pending(w *Encoder, s *stream.Stream, m *meter) bool {
	g := s.Group(p.group)
	it := g.EachPending(p.from, stream.MaxID, stream.Consumer{})
	for it.Next() {
		if m.over() {
			p.from = it.ID
			return true
		}
		m.spend(24)
		writeKey(w, it.ID)
		w.Uint64(uint64(it.Time))
		w.Length(it.Deliveries)
	}
	w.Length(uint64(g.Consumers()))
	p.part, p.consumer = partConsumers, nil
	return false
}

// tellsActive reports whether streams are written with the active-time of their consumers (TypeStream3).
func (w *Encoder) tellsActive() bool { return w.Version >= versionActive }

// nextConsumer writes the head of the consumer behind the one that is done.
func (p *streamWriter) nextConsumer(w *Encoder, s *stream.Stream) bool {
	g := s.Group(p.group)
	it := g.EachConsumer()
	if p.consumer != nil {
		it = g.ConsumersAfter(p.consumer)
	}
	if !it.Next() {
		p.part = partGroups
		return false
	}
	p.consumer = append([]byte{}, it.Name()...)
	w.String(p.consumer)
	w.Uint64(uint64(it.Seen()))
	if w.tellsActive() {
		w.Uint64(uint64(it.Active()))
	}
	w.Length(uint64(it.Pending()))
	p.part, p.from = partOwn, stream.MinID
	return false
}

// own writes the IDs that pend with the consumer.
func (p *streamWriter) own(w *Encoder, s *stream.Stream, m *meter) bool {
	g := s.Group(p.group)
	it := g.EachPending(p.from, stream.MaxID, g.Consumer(p.consumer))
	for it.Next() {
		if m.over() {
			p.from = it.ID
			return true
		}
		m.spend(16)
		writeKey(w, it.ID)
	}
	p.part = partConsumers
	return false
}
