package generic

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
	"granary/internal/types/hash"
	"granary/internal/types/list"
)

const errNoScore = "ERR One or more scores can't be converted into double"

// sorter is one SORT under way. The elements lie in one buffer, one behind the other: what points to none of them is nothing
// to the garbage collector, however many there are.
type sorter struct {
	order
	c     *command.Ctx
	texts texts // the elements, as they came
	ranks []rank
	key   []byte // of the look-up at hand
	room  object.Scratch
}

// rank is an element in its place in the result. Elements are in the order of their words; where these are equal, they are
// compared.
type rank struct {
	word uint64 // the score, or the first bytes of what ALPHA compares
	i    int    // which element
}

// texts are byte strings, one behind the other.
type texts struct {
	bytes []byte
	ends  []int
}

func (t *texts) add(text []byte) {
	t.bytes = append(t.bytes, text...)
	t.ends = append(t.ends, len(t.bytes))
}

func (t *texts) at(i int) []byte {
	from, to := 0, t.ends[i]
	if i > 0 {
		from = t.ends[i-1]
	}
	return t.bytes[from:to:to]
}

// sortKey answers SORT and SORT_RO.
//
// The elements are copied first: GET and BY look other keys up, which may make room in the key table for what expired.
func sortKey(c *command.Ctx, readOnly bool) {
	o, ok := parseSort(c, readOnly)
	if !ok {
		return
	}
	it := c.Read(c.Args[1])
	s := sorter{order: o, c: c}
	if it.Exists() {
		if !sortable(it.Entry.Type()) {
			c.Out.Error(command.ErrWrongType)
			return
		}
		if it.Entry.Type() == object.Set && s.unsorted && (s.store != 0 || c.Client.Caller != nil) {
			// Sets have no order of their own. What is stored has to be the same on every replica, and what a script makes of it.
			s.by, s.unsorted, s.alpha = nil, false, true
		}
		from, to := s.window(sortLen(&it))
		if s.unsorted && it.Entry.Type() != object.Set {
			s.gather(&it, from, to-from)
		} else {
			s.gather(&it, 0, sortLen(&it))
			if !s.unsorted && !s.sort(to) {
				c.Out.Error(errNoScore)
				return
			}
			s.ranks = s.ranks[from:to]
		}
	}
	if s.store != 0 {
		s.storeResult()
	} else {
		s.reply()
	}
}

// window returns which of n elements LIMIT asks for: from until before to.
func (o *order) window(n int) (from, to int) {
	start := min(max(o.start, 0), int64(n))
	left := int64(n) - start
	if o.count >= 0 {
		left = min(left, o.count)
	}
	return int(start), int(start + left)
}

// gather copies n elements, from one on, in the value's own order or, with DESC, the other way round.
func (s *sorter) gather(it *keyspace.Item, from, n int) {
	s.texts.ends = make([]int, 0, n)
	sortElements(it, s.unsorted && s.desc, from, n, s.texts.add)
	s.ranks = make([]rank, len(s.texts.ends))
	for i := range s.ranks {
		s.ranks[i].i = i
	}
}

// sort puts the first most elements of the result in order; the others may be lost. It reports false if a weight is no number.
func (s *sorter) sort(most int) bool {
	bad := false
	var weights texts // under ALPHA with BY
	var none []bool   // which have none
	for i := range s.ranks {
		text := s.texts.at(i)
		weight, ok := text, true
		if s.by != nil {
			weight, ok = s.lookup(s.by, text)
		}
		switch {
		case s.alpha:
			s.ranks[i].word = firstBytes(weight)
			if s.by != nil {
				weights.add(weight)
				none = append(none, !ok)
			}
		case !ok:
			s.ranks[i].word = scoreWord(0)
		default:
			v, ok := score(weight)
			if s.ranks[i].word = scoreWord(v); !ok {
				bad = true // the others are looked up all the same
			}
		}
	}
	if bad {
		return false
	}
	compare := func(i, j int) int { return bytes.Compare(s.texts.at(i), s.texts.at(j)) }
	if s.alpha && s.by != nil {
		compare = func(i, j int) int {
			switch {
			case none[i] || none[j]: // those without a weight come first
				return b2i(none[j]) - b2i(none[i])
			}
			return bytes.Compare(weights.at(i), weights.at(j))
		}
	}
	sign := 1
	if s.desc {
		sign = -1
	}
	s.ranks = first(s.ranks, most, func(a, b rank) int {
		if a.word != b.word { // Fast path.
			return cmp.Compare(a.word, b.word) * sign
		}
		if c := compare(a.i, b.i); c != 0 {
			return c * sign
		}
		return a.i - b.i
	})
	return true
}

// first sorts the first most of the ranks, or all. For few of many it looks through them once, and sorts what may be among
// the first each time there are twice as many as wanted.
func first(ranks []rank, most int, compare func(a, b rank) int) []rank {
	const spare = 64
	n := 2*most + spare
	if n > len(ranks)/2 {
		slices.SortFunc(ranks, compare)
		return ranks
	}
	slices.SortFunc(ranks[:n], compare)
	k := most
	for _, r := range ranks[n:] {
		if most == 0 || compare(r, ranks[most-1]) > 0 {
			continue
		}
		ranks[k] = r
		if k++; k == n {
			slices.SortFunc(ranks[:k], compare)
			k = most
		}
	}
	slices.SortFunc(ranks[:k], compare)
	return ranks[:k]
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// scoreWord maps a score to an integer, so that integers order as scores do.
func scoreWord(v float64) uint64 {
	b := math.Float64bits(v)
	if v == 0 {
		b = 0 // -0 too
	}
	return b ^ (uint64(int64(b)>>63) | 1<<63)
}

// firstBytes returns the first eight bytes of a text as an integer that orders as they do.
func firstBytes(text []byte) uint64 {
	var b [8]byte
	copy(b[:], text)
	return binary.BigEndian.Uint64(b[:])
}

// score reads a weight. Nothing at all is 0, and as in C the text ends at a zero byte.
func score(text []byte) (float64, bool) {
	if n, ok := object.ParseInt(text); ok { // Fast path.
		return float64(n), true
	}
	v, n, inRange := object.Strtod(text)
	return v, (n == len(text) || text[n] == 0) && inRange && v == v
}

// star returns where the '*' of a pattern is, negative if there is none. As in C the pattern ends at a zero byte.
func star(pattern []byte) int {
	head, _, _ := bytes.Cut(pattern, []byte{0})
	return bytes.IndexByte(head, '*')
}

// lookup finds what a pattern of BY or GET leads to from an element: the string at the key that has the element in the
// place of the '*', or with "->" behind that a field of the hash there. "#" is the element itself. The value is
// valid until the next look-up.
func (s *sorter) lookup(pattern, text []byte) (value []byte, ok bool) {
	if string(pattern) == "#" {
		return text, true
	}
	at := star(pattern)
	if at < 0 {
		return nil, false
	}
	tail, field := pattern[at+1:], []byte(nil)
	if i := bytes.Index(tail, []byte("->")); i >= 0 && i+2 < len(tail) {
		tail, field = tail[:i], tail[i+2:]
	}
	s.key = append(append(append(s.key[:0], pattern[:at]...), text...), tail...)
	it := s.c.Read(s.key)
	switch {
	case !it.Exists():
	case field == nil && it.Entry.Type() == object.String:
		return it.Entry.Text(&s.room), true
	case field != nil && it.Entry.Type() == object.Hash:
		value, _, ok = hash.Get(it.Entry, field, s.c.Now(), &s.room)
	}
	return value, ok
}

// reply answers the elements, or what GET makes of them.
func (s *sorter) reply() {
	out := s.c.Out
	out.Array(len(s.ranks) * max(1, len(s.gets)))
	for _, r := range s.ranks {
		text := s.texts.at(r.i)
		if len(s.gets) == 0 {
			out.Bulk(text)
		}
		for _, pattern := range s.gets {
			if value, ok := s.lookup(pattern, text); ok {
				out.Bulk(value)
			} else {
				out.Null()
			}
		}
	}
}

// storeResult makes the result a list and answers its length. What GET does not find becomes an empty string, and an empty
// result no key.
func (s *sorter) storeResult() {
	c := s.c
	texts := make([][]byte, 0, len(s.ranks)*max(1, len(s.gets)))
	for _, r := range s.ranks {
		text := s.texts.at(r.i)
		if len(s.gets) == 0 {
			texts = append(texts, text)
		}
		for _, pattern := range s.gets {
			value, _ := s.lookup(pattern, text)
			texts = append(texts, append([]byte(nil), value...))
		}
	}
	key := c.Args[s.store]
	dst := c.Write(key)
	switch {
	case len(texts) > 0:
		list.Store(&dst, list.LimitsOf(c.Env.Config), texts)
		c.Changed(key, keyspace.List, "sortstore")
		c.Keys().Stats.Dirty += int64(len(texts)) - 1
	case dst.Exists():
		dst.Delete()
		c.Changed(key, keyspace.Generic, "del")
	}
	c.Out.Int(int64(len(texts)))
}
