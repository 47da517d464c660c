package ordered

import (
	"bytes"
	"math/rand/v2"

	"granary/internal/mem"
)

// skipList is a plain counted skip list over the same entries, off the Go heap as well: what the benchmarks are
// compared with. A node is its height, then for each level the next node, as a Ref, and the distance to it.
type skipList struct {
	a    *mem.Arena
	head mem.Ref
	top  int
	n    int
	rnd  *rand.Rand
}

const skipLevels = 32

func newSkipList(a *mem.Arena) *skipList {
	s := &skipList{a: a, top: 1, rnd: rand.New(rand.NewPCG(1, 1))}
	s.head = s.node(skipLevels, 0)
	return s
}

// skipNode: word 0 is entry:40 | height; words 1+2i and 2+2i are the next node and the distance of level i.
func (s *skipList) node(height int, e mem.Ref) mem.Ref {
	r := s.a.AllocZero(8+16*height, mem.PurposeOther)
	*skipWord(r, 0) = uint64(e) | uint64(height)<<40
	return r
}

func skipWord(r mem.Ref, i int) *uint64 { return (*uint64)(mem.Ptr(r + mem.Ref(i))) }

func skipEntry(r mem.Ref) mem.Ref { return mem.Ref(*skipWord(r, 0) & refMask) }

// before walks to the last node before (f, m) on every level.
func (s *skipList) before(f float64, m []byte, at *[skipLevels]mem.Ref, rank *[skipLevels]int) {
	x, r := s.head, 0
	for i := s.top - 1; i >= 0; i-- {
		for next := mem.Ref(*skipWord(x, 1+2*i)); next != 0; next = mem.Ref(*skipWord(x, 1+2*i)) {
			e := skipEntry(next)
			if g := entryScore(e); g > f || g == f && bytes.Compare(entryMember(e), m) >= 0 {
				break
			}
			r += int(*skipWord(x, 2+2*i))
			x = next
		}
		at[i], rank[i] = x, r
	}
}

func (s *skipList) insert(e mem.Ref) {
	var at [skipLevels]mem.Ref
	var rank [skipLevels]int
	s.before(entryScore(e), entryMember(e), &at, &rank)
	height := 1
	for height < skipLevels && s.rnd.Uint32()&3 == 0 {
		height++
	}
	for ; s.top < height; s.top++ {
		at[s.top], rank[s.top] = s.head, 0
		*skipWord(s.head, 2+2*s.top) = uint64(s.n)
	}
	node := s.node(height, e)
	for i := range s.top {
		if i >= height {
			*skipWord(at[i], 2+2*i)++
			continue
		}
		gap := uint64(rank[0] - rank[i])
		*skipWord(node, 1+2*i) = *skipWord(at[i], 1+2*i)
		*skipWord(node, 2+2*i) = *skipWord(at[i], 2+2*i) - gap
		*skipWord(at[i], 1+2*i) = uint64(node)
		*skipWord(at[i], 2+2*i) = gap + 1
	}
	s.n++
}

func (s *skipList) delete(e mem.Ref) {
	var at [skipLevels]mem.Ref
	var rank [skipLevels]int
	s.before(entryScore(e), entryMember(e), &at, &rank)
	node := mem.Ref(*skipWord(at[0], 1))
	for i := range s.top {
		if mem.Ref(*skipWord(at[i], 1+2*i)) == node {
			*skipWord(at[i], 1+2*i) = *skipWord(node, 1+2*i)
			*skipWord(at[i], 2+2*i) += *skipWord(node, 2+2*i)
		}
		*skipWord(at[i], 2+2*i)--
	}
	s.freeNode(node)
	s.n--
}

func (s *skipList) rank(e mem.Ref) int {
	var at [skipLevels]mem.Ref
	var rank [skipLevels]int
	s.before(entryScore(e), entryMember(e), &at, &rank)
	return rank[0]
}

func (s *skipList) freeNode(r mem.Ref) {
	s.a.Free(r, 8+16*int(*skipWord(r, 0)>>40), mem.PurposeOther)
}

func (s *skipList) free() {
	for r := s.head; r != 0; {
		next := mem.Ref(*skipWord(r, 1))
		s.freeNode(r)
		r = next
	}
}
