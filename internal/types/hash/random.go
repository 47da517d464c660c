package hash

import (
	"math/rand/v2"

	"granary/internal/encoding/hash"
	"granary/internal/encoding/listpack"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
)

// Random picks. A pick is the position of a field in a flat hash, or a field of a table.

// Picker draws random fields of a hash, expired ones never. The hash must not change meanwhile.
type Picker struct {
	lp   listpack.Listpack // of a flat hash
	h    hash.Hash
	at   []int        // all positions of a flat hash
	refs []mem.Ref    // all fields of a table that has expired ones
	all  bool         // refs is in use
	e    object.Entry // the hash
	now  int64
}

// NewPicker returns a picker. It takes time in proportion to a flat hash, and to a table if fields of it are due that
// could not be deleted yet.
func NewPicker(it *keyspace.Item, now int64) *Picker {
	p := &Picker{e: it.Entry, now: now}
	if it.Entry.Encoding() != object.Hashtable {
		p.lp = flat(it.Entry)
		i := NewIter(it.Entry, now)
		for i.Next() {
			p.at = append(p.at, i.at)
		}
		return p
	}
	p.h = hash.Open(nil, it.Entry.Root())
	if it.FieldsDue() {
		p.all = true
		i := NewIter(it.Entry, now)
		for i.Next() {
			p.refs = append(p.refs, mem.Ref(i.f))
		}
	}
	return p
}

// Len returns the number of fields to pick from.
func (p *Picker) Len() int {
	switch {
	case p.lp != nil:
		return len(p.at)
	case p.all:
		return len(p.refs)
	}
	return p.h.Len()
}

// One gives emit a random field, each as likely as any other. REQUIRES: Len is not 0.
func (p *Picker) One(emit func(name, value []byte)) {
	switch {
	case p.lp != nil:
		p.emitFlat(p.at[rand.IntN(len(p.at))], emit)
	case p.all:
		emitField(hash.Field(p.refs[rand.IntN(len(p.refs))]), emit)
	default:
		emitField(p.h.Random(rand.Uint64()), emit)
	}
}

// sparse is how many times more fields than picks there have to be for drawing picks one by one to be quicker than going
// through all fields: drawing meets a field again the more often, the more have been taken.
const sparse = 3

// Sample gives emit n different random fields, every choice of n as likely. REQUIRES: n <= Len.
func (p *Picker) Sample(n int, emit func(name, value []byte)) {
	left := p.Len()
	if p.lp == nil && !p.all && n*sparse < left {
		taken := make(map[mem.Ref]struct{}, n)
		for len(taken) < n {
			f := p.h.Random(rand.Uint64())
			if _, again := taken[mem.Ref(f)]; !again {
				taken[mem.Ref(f)] = struct{}{}
				emitField(f, emit)
			}
		}
		return
	}
	// Of the fields left n are still to be taken, so each is with the chance n/left.
	var s1, s2 Scratch
	i := NewIter(p.e, p.now)
	for ; n > 0 && i.Next(); left-- {
		if rand.IntN(left) < n {
			emit(i.Name(&s1), i.Value(&s2))
			n--
		}
	}
}

func (p *Picker) emitFlat(at int, emit func(name, value []byte)) {
	var s1, s2 Scratch
	emit(p.lp.Get(at).Text(&s1), p.lp.Get(p.lp.Next(at)).Text(&s2))
}

func emitField(f hash.Field, emit func(name, value []byte)) { emit(f.Name(), f.Value()) }
