package hll

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"granary/tests/live"
)

// peer is a redis-server that is given the same elements.
type peer struct {
	tb testing.TB
	c  *live.Conn
}

func newPeer(tb testing.TB, args ...string) *peer {
	s := live.NeedStart(tb, "redis", live.NeedRedis(tb), args...)
	c, err := s.Dial()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.Close() })
	return &peer{tb, c}
}

func (p *peer) do(args ...string) live.Reply {
	p.tb.Helper()
	r, err := p.c.Do(args...)
	if err != nil {
		p.tb.Fatal(err)
	}
	return r
}

// same compares a key there with a value here.
func (p *peer) same(key string, o *owner) {
	p.tb.Helper()
	if got := p.do("GET", key).Str; got != string(o.b) {
		i := 0
		for i < len(got) && i < len(o.b) && got[i] == o.b[i] {
			i++
		}
		p.tb.Fatalf("%s: %d bytes, theirs %d, different from byte %d: %x, theirs %x", key, len(o.b), len(got), i,
			o.b[i:min(i+20, len(o.b))], got[i:min(i+20, len(got))])
	}
}

// sameCount compares PFCOUNT, which also stores what it counted.
func (p *peer) sameCount(key string, o *owner) {
	p.tb.Helper()
	n, ok := Cached(o.b)
	if !ok {
		var err error
		if n, err = Count(o.b); err != nil {
			p.tb.Fatal(err)
		}
		SetCached(o.b, n)
	}
	if got := p.do("PFCOUNT", key).Str; got != strconv.FormatUint(n, 10) {
		p.tb.Fatalf("%s: count %d, theirs %s", key, n, got)
	}
}

// TestSameAsRedis adds the same elements here and there; the values must be equal byte for byte.
func TestSameAsRedis(t *testing.T) {
	p := newPeer(t)
	seed := live.Seed(t)
	rng := rand.New(rand.NewPCG(seed, 0))
	cases := 150
	if testing.Short() {
		cases = 20
	}
	for c := range cases {
		limit := []int{0, 18, 40, 500, defaultLimit, defaultLimit, 15000}[rng.IntN(7)]
		p.do("CONFIG", "SET", "hll-sparse-max-bytes", strconv.Itoa(limit))
		var keys []string
		var values []*owner
		for k := range 1 + rng.IntN(4) {
			key, o := fmt.Sprintf("hll:%d:%d", c, k), newOwner(t, limit)
			keys, values = append(keys, key), append(values, o)
			p.history(rng, key, o)
		}
		p.merge(rng, fmt.Sprintf("dest:%d", c), limit, keys, values)
		p.do("FLUSHALL")
	}
}

// history adds batches of elements to one key.
func (p *peer) history(rng *rand.Rand, key string, o *owner) {
	p.do("PFADD", key)
	Invalidate(o.b)
	p.same(key, o)
	space := uint64(1) << (2 + rng.IntN(30))
	for range 1 + rng.IntN(12) {
		args := []string{"PFADD", key}
		changed := 0
		for range 1 + rng.IntN(1+rng.IntN(300)) {
			e := strings.Repeat("x", rng.IntN(20)) + strconv.FormatUint(rng.Uint64N(space), 10)
			args = append(args, e)
			if o.add([]byte(e)) {
				changed = 1
			}
		}
		if got := p.do(args...).Str; got != strconv.Itoa(changed) {
			p.tb.Fatalf("%s: changed %d, theirs %s", key, changed, got)
		}
		p.same(key, o)
		if rng.IntN(2) == 0 {
			p.sameCount(key, o)
			p.same(key, o)
		}
	}
	enc := p.do("PFDEBUG", "ENCODING", key).Str
	if got := EncodingOf(o.b).String(); got != enc {
		p.tb.Fatalf("%s: %s, theirs %s", key, got, enc)
	}
	if enc == "sparse" {
		runs, err := AppendRuns(nil, o.b)
		if theirs := p.do("PFDEBUG", "DECODE", key).Str; err != nil || string(runs) != theirs {
			p.tb.Fatalf("%s: %s\ntheirs %s (%v)", key, runs, theirs, err)
		}
	}
}

// merge merges all keys into a new one, and then into the first.
func (p *peer) merge(rng *rand.Rand, dest string, limit int, keys []string, values []*owner) {
	var regs Registers
	dense := false
	for _, o := range values {
		if err := regs.Merge(o.b); err != nil {
			p.tb.Fatal(err)
		}
		dense = dense || EncodingOf(o.b) == Dense
	}
	if got := p.do(append([]string{"PFCOUNT", "none"}, keys...)...).Str; got != strconv.FormatUint(regs.Count(), 10) {
		p.tb.Fatalf("count of %d keys: %d, theirs %s", len(keys), regs.Count(), got)
	}
	into := func(key string, o *owner) {
		if dense && EncodingOf(o.b) == Sparse {
			o.obey(ErrPromote)
		}
		o.raise(&regs)
		p.do(append([]string{"PFMERGE", key}, keys...)...)
		p.same(key, o)
		p.sameCount(key, o)
	}
	into(dest, newOwner(p.tb, limit))
	into(keys[0], values[0])
	key, o := keys[0], values[0]
	theirs := p.do("PFDEBUG", "GETREG", key).Elems
	for i, v := range o.registers() {
		if theirs[i].Str != strconv.Itoa(int(v)) {
			p.tb.Fatalf("%s: register %d is %d, theirs %s", key, i, v, theirs[i].Str)
		}
	}
}
