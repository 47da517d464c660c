package generic

import (
	"bytes"
	"slices"

	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
	"granary/internal/types/hash"
	"granary/internal/types/list"
)

const errNoScore = "ERR One or more scores can't be converted into double"

// sorted is one element on its way through SORT. All bytes lie in the sorter's buffer.
type sorted struct {
	text   []byte
	weight []byte // under ALPHA with BY; nil: there is none
	score  float64
}

// sorter is one SORT under way.
type sorter struct {
	order
	c     *command.Ctx
	elems []sorted
	key   []byte // of the look-up at hand
	room  object.Scratch
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
			if !s.unsorted && !s.sort() {
				c.Out.Error(errNoScore)
				return
			}
			s.elems = s.elems[from:to]
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
	var buf []byte
	ends := make([]int, 0, n)
	sortElements(it, s.unsorted && s.desc, from, n, func(text []byte) {
		buf = append(buf, text...)
		ends = append(ends, len(buf))
	})
	s.elems = make([]sorted, len(ends))
	begin := 0
	for i, end := range ends {
		s.elems[i].text = buf[begin:end:end]
		begin = end
	}
}

// sort puts the elements in order. It reports false if a weight is no number.
func (s *sorter) sort() bool {
	bad := false
	for i := range s.elems {
		e := &s.elems[i]
		weight := e.text
		if s.by != nil {
			var ok bool
			if weight, ok = s.lookup(s.by, e.text); !ok {
				continue
			}
		}
		if s.alpha {
			if s.by != nil {
				e.weight = append([]byte{}, weight...)
			}
			continue
		}
		var ok bool
		if e.score, ok = score(weight); !ok {
			bad = true // the others are looked up all the same
		}
	}
	if bad {
		return false
	}
	compare := s.compareScores
	switch {
	case s.alpha && s.by != nil:
		compare = compareWeights
	case s.alpha:
		compare = func(a, b sorted) int { return bytes.Compare(a.text, b.text) }
	}
	if s.desc {
		ascending := compare
		compare = func(a, b sorted) int { return -ascending(a, b) }
	}
	slices.SortStableFunc(s.elems, compare)
	return true
}

// score reads a weight. Nothing at all is 0, and as in C the text ends at a zero byte.
func score(text []byte) (float64, bool) {
	v, n, inRange := object.Strtod(text)
	return v, (n == len(text) || text[n] == 0) && inRange && v == v
}

// compareScores puts elements of the same score in the order of their texts.
func (s *sorter) compareScores(a, b sorted) int {
	switch {
	case a.score < b.score:
		return -1
	case a.score > b.score:
		return 1
	}
	return bytes.Compare(a.text, b.text)
}

// compareWeights puts elements without a weight first.
func compareWeights(a, b sorted) int {
	switch {
	case a.weight == nil && b.weight == nil:
		return 0
	case a.weight == nil:
		return -1
	case b.weight == nil:
		return 1
	}
	return bytes.Compare(a.weight, b.weight)
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
	out.Array(len(s.elems) * max(1, len(s.gets)))
	for i := range s.elems {
		text := s.elems[i].text
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
	texts := make([][]byte, 0, len(s.elems)*max(1, len(s.gets)))
	for i := range s.elems {
		text := s.elems[i].text
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
