package rdb

import (
	"encoding/binary"
	"errors"
	"math"

	hashes "granary/internal/encoding/hash"
	"granary/internal/encoding/intset"
	"granary/internal/encoding/listpack"
	"granary/internal/mem"
	"granary/internal/object"
	"granary/internal/types/hash"
	"granary/internal/types/list"
	"granary/internal/types/set"
	"granary/internal/types/stream"
	"granary/internal/types/zset"
)

// Reader reads values. What it has read it keeps until the caller takes it with Entry, or reads the next.
type Reader struct {
	*Decoder
	arena *mem.Arena
	lim   Limits

	Valkey bool // the file is of a version that Valkey alone has

	typ    object.Type
	text   []byte  // a string, a view
	block  mem.Ref // or the block of a raw string
	flat   []byte  // a small collection, a view, and
	enc    object.Encoding
	fields bool // some fields of it expire
	hash   hash.Builder
	list   list.Builder
	set    set.Builder
	zset   zset.Draft
	stream stream.Stream
	what   building
	member []byte // a member or field name whose value is being read
	value  []byte // a value whose expiry is being read
}

// building says in which of its fields a Reader has the value.
type building uint8

const (
	builtNothing building = iota
	builtText
	builtBlock
	builtFlat
	builtHash
	builtList
	builtSet
	builtZSet
	builtStream
)

// NewReader reads values from d into an arena.
func NewReader(d *Decoder, a *mem.Arena, lim Limits) *Reader {
	return &Reader{Decoder: d, arena: a, lim: lim}
}

// Value reads a value of a type that was read before. Its error is nil, ErrEmpty if the value has no elements, or that of the
// Decoder.
// NB: it panics with mem.ErrOutOfMemory when memory is out; Discard is to be called then, as after an error.
func (r *Reader) Value(t Type) error {
	r.Discard()
	switch t {
	case TypeString:
		r.readString()
	case TypeList:
		r.readPlainList()
	case TypeListQuicklist2:
		r.readQuicklist()
	case TypeSet:
		r.readSet()
	case TypeSetIntset:
		r.readIntset()
	case TypeSetListpack:
		r.readSetListpack(r.listpack("Set listpack"))
	case TypeZSet:
		r.readZSet((*Decoder).TextDouble)
	case TypeZSet2:
		r.readZSet((*Decoder).Double)
	case TypeZSetListpack:
		r.readZSetListpack(r.listpack("Zset listpack"))
	case TypeHash:
		r.readHash()
	case TypeHashListpack:
		r.readHashListpack(r.listpack("Hash listpack"))
	case TypeHashFields:
		r.readHashFields(r.Uint64())
	case TypeHashListpackEx:
		r.Uint64() // the first expiry, which the listpack has too
		r.readListpackEx(r.listpack("Hash listpack"))
	case TypeStream, TypeStream2, TypeStream3:
		r.readStream(t)
	default:
		r.readOld(t)
	}
	if r.err != nil {
		r.Discard()
		return r.err
	}
	if r.empty() {
		r.Discard()
		return ErrEmpty
	}
	return nil
}

// empty reports whether the value has no elements. Strings and streams may be empty.
func (r *Reader) empty() bool {
	switch r.what {
	case builtNothing:
		return true
	case builtHash:
		return r.hash.Len() == 0
	case builtList:
		return r.list.Len() == 0
	case builtSet:
		return r.set.Len() == 0
	case builtZSet:
		return r.zset.Len() == 0
	}
	return false
}

// Entry makes the value that was read an entry, which is the caller's.
func (r *Reader) Entry(key []byte, expiry int64, clock uint32) (e object.Entry) {
	what := r.what
	switch what {
	case builtText:
		e = object.NewString(r.arena, key, r.text, expiry, clock, r.lim.String)
	case builtBlock:
		e = object.NewFromBlock(r.arena, key, r.block, expiry, clock)
	case builtFlat:
		if e = object.NewFlat(r.arena, key, r.typ, r.enc, r.flat, expiry, clock); r.fields {
			e.MarkFields(true)
		}
	case builtHash:
		e = r.hash.Entry(key, expiry, clock)
	case builtList:
		e = r.list.Entry(key, expiry, clock)
	case builtSet:
		e = r.set.Entry(key, expiry, clock)
	case builtZSet:
		e = r.zset.Entry(key, r.lim.ZSet, expiry, clock)
	case builtStream:
		root := r.stream.Root()
		r.what = builtNothing
		return object.NewRootedOrFree(r.arena, key, object.Stream, object.StreamTree, root, expiry, clock)
	default:
		panic("BUG: rdb: no value was read")
	}
	if what != builtZSet { // a draft has more to give back than the entry took
		r.what = builtNothing
	}
	r.Discard()
	return e
}

// Discard gives back what was read and not taken.
func (r *Reader) Discard() {
	switch r.what {
	case builtBlock:
		object.FreeBlock(r.arena, r.block)
	case builtHash:
		r.hash.Discard()
	case builtList:
		r.list.Discard()
	case builtSet:
		r.set.Discard()
	case builtZSet:
		r.zset.Free()
	case builtStream:
		r.stream.Free()
	}
	r.what, r.text, r.flat, r.fields = builtNothing, nil, nil, false
}

// longText is from which length on a string is read straight into its block.
const longText = 16 << 10

func (r *Reader) readString() {
	r.typ = object.String
	if n := r.StringAhead(longText); n > 0 {
		r.block = object.NewBlock(r.arena, n)
		r.what = builtBlock
		r.Fill(object.RawBytes(r.block))
		return
	}
	r.text = r.String()
	r.what = builtText
}

// listpack reads a string that is a listpack with elements. nil is an error, which names what it is of, or, without one, an
// empty listpack.
func (r *Reader) listpack(of string) listpack.Listpack {
	b := r.String()
	if r.err != nil {
		return nil
	}
	if err := listpack.Validate(b, nil); err != nil {
		r.malformed(of, err)
		return nil
	}
	lp := listpack.Open(b)
	if lp.First() == 0 {
		return nil
	}
	return lp
}

// malformed makes what is wrong with the bytes of a structure the error.
func (r *Reader) malformed(of string, err error) {
	r.Corrupt(of + " integrity check failed: " + err.Error())
}

// keep makes a flat value what was read.
func (r *Reader) keep(t object.Type, enc object.Encoding, b []byte) {
	r.typ, r.enc, r.flat, r.what = t, enc, b, builtFlat
}

// beginList begins a list, and so do those of the other types.
func (r *Reader) beginList() *list.Builder {
	r.list, r.what = list.NewBuilder(r.arena, r.lim.List), builtList
	return &r.list
}

func (r *Reader) beginHash() *hash.Builder {
	r.hash, r.what = hash.NewBuilder(r.arena, r.lim.Hash), builtHash
	return &r.hash
}

func (r *Reader) beginSet(enc object.Encoding) *set.Builder {
	r.set, r.what = set.NewBuilder(r.arena, r.lim.Set, enc), builtSet
	return &r.set
}

func (r *Reader) beginZSet() *zset.Draft {
	r.zset, r.what = zset.NewDraft(r.arena), builtZSet
	return &r.zset
}

func (r *Reader) readPlainList() {
	l := r.beginList()
	for n := r.Count(1); n > 0 && r.err == nil; n-- {
		if text := r.String(); r.err == nil {
			l.Append(text)
		}
	}
}

func (r *Reader) readQuicklist() {
	l := r.beginList()
	for n := r.Count(2); n > 0 && r.err == nil; n-- {
		switch kind := r.Length(); {
		case r.err != nil:
		case kind == nodePlain:
			if text := r.String(); r.err == nil && len(text) == 0 {
				r.Corrupt("a node of a list with nothing in it") // nodes of one element are for long ones
			} else if r.err == nil {
				l.Append(text)
			}
		case kind == nodePacked:
			appendAll(l, r.listpack("Listpack"))
		default:
			r.Corrupt("unknown kind of node of a list")
		}
	}
}

// appendAll appends the elements of a listpack.
func appendAll(l *list.Builder, lp listpack.Listpack) {
	if lp == nil {
		return
	}
	var digits listpack.Scratch
	for p := lp.First(); p != 0; p = lp.Next(p) {
		l.Append(lp.Get(p).Text(&digits))
	}
}

func (r *Reader) readSet() {
	n := r.Count(1)
	enc := object.Intset
	if n > max(r.lim.Set.Intset, r.lim.Set.Entries) {
		enc = object.Hashtable
	}
	s := r.beginSet(enc)
	s.Expect(n)
	for ; n > 0 && r.err == nil; n-- {
		r.addMember(s, r.String())
	}
}

func (r *Reader) addMember(s *set.Builder, text []byte) {
	if r.err != nil {
		return
	}
	var m set.Member
	m.SetText(text)
	if !s.Add(&m) {
		r.Corrupt("Duplicate set members detected")
	}
}

func (r *Reader) readIntset() {
	b := r.String()
	if r.err != nil {
		return
	}
	if len(b) == intset.EmptySize && binary.LittleEndian.Uint32(b[4:]) == 0 {
		return
	}
	if err := intset.Validate(b); err != nil {
		r.malformed("Intset", err)
		return
	}
	s := intset.Open(b)
	if s.Len() <= r.lim.Set.Intset && s.Smallest() {
		r.keep(object.Set, object.Intset, s)
		return
	}
	to := r.beginSet(object.Intset)
	var m set.Member
	for i := range s.Len() {
		m.SetInt(s.Get(i))
		to.Add(&m)
	}
}

func (r *Reader) readSetListpack(lp listpack.Listpack) {
	if lp == nil {
		return
	}
	if n := lp.Len(); n <= r.lim.Set.Entries && longest(lp, 1, 1) <= r.lim.Set.Value && lp.Check() == nil && !allInts(lp) && lp.Unique(1) {
		r.keep(object.Set, object.Listpack, lp)
		return
	}
	s := r.beginSet(object.Intset)
	var digits listpack.Scratch
	for p := lp.First(); p != 0; p = lp.Next(p) {
		r.addMember(s, lp.Get(p).Text(&digits))
	}
}

// allInts reports whether all elements are integers.
func allInts(lp listpack.Listpack) bool {
	for p := lp.First(); p != 0; p = lp.Next(p) {
		if !lp.Get(p).IsInt() {
			return false
		}
	}
	return true
}

// longest returns the length of the longest text among the first of elements of each step.
func longest(lp listpack.Listpack, step, of int) (n int) {
	for p := lp.First(); p != 0; p = lp.Skip(p, step) {
		at := p
		for range of {
			n = max(n, lp.Get(at).TextLen())
			at = lp.Next(at)
		}
	}
	return n
}

func (r *Reader) readZSet(double func(*Decoder) float64) {
	z := r.beginZSet()
	n := r.Count(2)
	z.Expect(n)
	for ; n > 0 && r.err == nil; n-- {
		member := r.String()
		if len(member) > 0 && r.src != nil {
			r.member = append(r.member[:0], member...) // reading the score may move the buffer
			member = r.member
		}
		r.addScored(z, member, double(r.Decoder))
	}
}

func (r *Reader) addScored(z *zset.Draft, member []byte, score float64) {
	if r.err != nil {
		return
	}
	if math.IsNaN(score) {
		r.Corrupt("Zset with NAN score detected")
		return
	}
	p := z.Find(member)
	if p.Entry != 0 {
		r.Corrupt("Duplicate zset fields detected")
		return
	}
	z.Add(p, member, score)
}

func (r *Reader) readZSetListpack(lp listpack.Listpack) {
	if lp == nil {
		return
	}
	if lp.Len()%2 != 0 {
		r.Corrupt("a sorted set with a member that has no score")
		return
	}
	if lp.Len()/2 <= r.lim.ZSet.Entries && longest(lp, 2, 1) <= r.lim.ZSet.Value && lp.Check() == nil && zset.Ordered(lp) && lp.Unique(2) {
		r.keep(object.ZSet, object.Listpack, lp)
		return
	}
	z := r.beginZSet()
	var digits listpack.Scratch
	for p := lp.First(); p != 0; p = lp.Skip(p, 2) {
		score, ok := zset.ReadScore(lp, lp.Next(p))
		if !ok {
			r.Corrupt("a sorted set with a score that is no number")
		}
		r.addScored(z, lp.Get(p).Text(&digits), score)
		if r.err != nil {
			return
		}
	}
}

func (r *Reader) readHash() {
	h := r.beginHash()
	n := r.Count(2)
	h.Expect(n)
	for ; n > 0 && r.err == nil; n-- {
		r.addField(h, 0)
	}
}

// addField reads a name and a value.
func (r *Reader) addField(h *hash.Builder, expiry int64) {
	r.member = append(r.member[:0], r.String()...)
	value := r.String()
	r.putField(h, r.member, value, expiry)
}

func (r *Reader) putField(h *hash.Builder, name, value []byte, expiry int64) {
	switch {
	case r.err != nil:
	case expiry < 0 || expiry > hash.MaxExpiry:
		r.Corrupt("a hash with an expiry that is no time")
	case !h.Add(name, value, expiry):
		r.Corrupt("Duplicate hash fields detected")
	}
}

// errTwice says that elements of a flat value are alike.
var errTwice = errors.New("listpack with dup elements")

// putFlatField is putField of a field that stood in a listpack.
func (r *Reader) putFlatField(h *hash.Builder, name, value []byte, expiry int64) {
	switch {
	case r.err != nil:
	case expiry < 0 || expiry > hash.MaxExpiry:
		r.Corrupt("a hash with an expiry that is no time")
	case !h.Add(name, value, expiry):
		r.malformed("Hash listpack", errTwice)
	}
}

func (r *Reader) readHashListpack(lp listpack.Listpack) {
	if lp == nil {
		return
	}
	if lp.Len()%hashes.Pair != 0 {
		r.Corrupt("a hash with a field that has no value")
		return
	}
	if lp.Len()/hashes.Pair <= r.lim.Hash.Entries && longest(lp, hashes.Pair, 2) <= r.lim.Hash.Value && lp.Check() == nil && lp.Unique(hashes.Pair) {
		r.keep(object.Hash, object.Listpack, lp)
		return
	}
	h := r.beginHash()
	var d1, d2 listpack.Scratch
	for p := lp.First(); p != 0 && r.err == nil; p = lp.Skip(p, hashes.Pair) {
		r.putFlatField(h, lp.Get(p).Text(&d1), lp.Get(lp.Next(p)).Text(&d2), 0)
	}
}

// readHashFields reads fields of which some expire; times count from first.
func (r *Reader) readHashFields(first uint64) {
	h := r.beginHash()
	n := r.Count(3)
	h.Expect(n)
	for ; n > 0 && r.err == nil; n-- {
		at := r.Length()
		switch {
		case at == 0:
		case first > hash.MaxExpiry || at > hash.MaxExpiry:
			r.Corrupt("a hash with an expiry that is no time")
			return
		default:
			at += first - 1
		}
		r.addField(h, int64(at))
	}
}

func (r *Reader) readListpackEx(lp listpack.Listpack) {
	if lp == nil {
		return
	}
	if lp.Len()%hashes.Triple != 0 {
		r.Corrupt("a hash with a field that has no value or no expiry")
		return
	}
	if lp.Len()/hashes.Triple <= r.lim.Hash.Entries && longest(lp, hashes.Triple, 2) <= r.lim.Hash.Value && hashes.CheckFlat(lp) == nil && lp.Unique(hashes.Triple) {
		r.keep(object.Hash, object.ListpackEx, lp)
		r.fields = hashes.FlatEarliest(lp) != 0
		return
	}
	h := r.beginHash()
	var d1, d2 listpack.Scratch
	for p := lp.First(); p != 0 && r.err == nil; p = lp.Skip(p, hashes.Triple) {
		at, ok := lp.GetInt(lp.Skip(p, 2))
		if !ok {
			at = -1
		}
		r.putFlatField(h, lp.Get(p).Text(&d1), lp.Get(lp.Next(p)).Text(&d2), at)
	}
}
