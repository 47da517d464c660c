package stream

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"granary/internal/encoding/listpack"
	"granary/tests/live"
)

// peer is a redis-server that has the same stream under the key s.
type peer struct {
	tb     testing.TB
	c      *live.Conn
	s      *Stream
	limits Limits
	rng    *rand.Rand
	log    []string
	lags   bool // they count what groups have read as we do
}

func newPeer(tb testing.TB, seed uint64) *peer {
	srv := live.NeedStart(tb, "redis", live.NeedRedis(tb), "--rdbcompression", "no")
	c, err := srv.Dial()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.Close() })
	p := &peer{tb: tb, c: c, rng: rand.New(rand.NewPCG(seed, 0))}
	p.lags = strings.Contains(p.do("INFO", "server").Str, "valkey_version:8.1")
	return p
}

func (p *peer) do(args ...string) live.Reply {
	p.tb.Helper()
	line := live.FormatCommand(args)
	p.log = append(p.log, line[:min(len(line), 150)])
	r, err := p.c.Do(args...)
	if err != nil {
		p.tb.Fatal(err)
	}
	if r.Kind == '-' {
		p.fail("%s", r.Str)
	}
	return r
}

func (p *peer) fail(format string, args ...any) {
	p.tb.Helper()
	p.tb.Fatalf("%s\nafter %s", fmt.Sprintf(format, args...), strings.Join(p.log[max(0, len(p.log)-12):], "\n      "))
}

func (p *peer) same(what string, got any, want string) {
	p.tb.Helper()
	if g := fmt.Sprint(got); g != want {
		p.fail("%s: %s, theirs %s", what, g, want)
	}
}

func (id ID) String() string { return fmt.Sprintf("%d-%d", id.Ms, id.Seq) }

// field returns a field of a map in RESP2; it has one of the names.
func field(r live.Reply, names ...string) live.Reply {
	for i := 0; i+1 < len(r.Elems); i += 2 {
		if slices.Contains(names, r.Elems[i].Str) {
			return r.Elems[i+1]
		}
	}
	return live.Reply{}
}

// compare compares all that XINFO STREAM FULL tells, and the bytes of the nodes.
func (p *peer) compare() {
	p.tb.Helper()
	if err := p.s.Check(); err != nil {
		p.fail("%v", err)
	}
	r := p.do("XINFO", "STREAM", "s", "FULL", "COUNT", "0")
	s := p.s
	p.same("length", s.Len(), field(r, "length").Str)
	p.same("nodes", s.Nodes(), field(r, "radix-tree-keys").Str)
	p.same("radix nodes", s.RadixNodes(), field(r, "radix-tree-nodes").Str)
	p.same("last", s.LastID(), field(r, "last-generated-id").Str)
	p.same("max deleted", s.MaxDeletedID(), field(r, "max-deleted-entry-id").Str)
	p.same("added", s.EntriesAdded(), field(r, "entries-added").Str)
	p.same("first", s.FirstID(), field(r, "recorded-first-entry-id").Str)
	var it Iter
	s.Range(&it, MinID, MaxID, false)
	p.sameEntries(&it, field(r, "entries"))
	s.Range(&it, MinID, MaxID, true)
	p.sameEntries(&it, p.do("XREVRANGE", "s", "+", "-"))
	groups := field(r, "groups").Elems
	p.same("groups", s.Groups(), strconv.Itoa(len(groups)))
	at := 0
	for g := s.EachGroup(); g.Next(); at++ {
		p.sameGroup(&g.Group, groups[at])
	}
	p.sameNodes(p.do("DUMP", "s").Str)
}

func (p *peer) sameEntries(it *Iter, theirs live.Reply) {
	p.tb.Helper()
	var digits listpack.Scratch
	for _, e := range theirs.Elems {
		if !it.Next() {
			p.fail("no entry, theirs %s", e)
		}
		p.same("entry", it.ID, e.Elems[0].Str)
		p.same("fields", it.Fields*2, strconv.Itoa(len(e.Elems[1].Elems)))
		for i := range it.Fields {
			name, value := it.Field()
			p.same("field", string(name.Text(&digits)), e.Elems[1].Elems[2*i].Str)
			p.same("value", string(value.Text(&digits)), e.Elems[1].Elems[2*i+1].Str)
		}
	}
	if it.Next() {
		p.fail("entry %v that they have not", it.ID)
	}
}

func (p *peer) sameGroup(g *Group, theirs live.Reply) {
	p.tb.Helper()
	p.same("group", string(g.Name()), field(theirs, "name").Str)
	p.same("last delivered", g.LastID(), field(theirs, "last-delivered-id").Str)
	if p.lags {
		p.sameLag(g, theirs)
	}
	p.same("pending", g.Pending(), field(theirs, "pel-count").Str)
	at := 0
	pel := field(theirs, "pel", "pending").Elems
	for it := g.EachPending(MinID, MaxID, Consumer{}); it.Next(); at++ {
		e := pel[at].Elems
		p.same("pending ID", it.ID, e[0].Str)
		p.same("pending with", string(it.Consumer.Name()), e[1].Str)
		if it.Time != 0 {
			p.same("pending since", it.Time, e[2].Str)
		}
		p.same("deliveries", it.Deliveries, e[3].Str)
	}
	consumers := field(theirs, "consumers").Elems
	p.same("consumers", g.Consumers(), strconv.Itoa(len(consumers)))
	at = 0
	for it := g.EachConsumer(); it.Next(); at++ {
		p.same("consumer", string(it.Name()), field(consumers[at], "name").Str)
		p.same("consumer's pending", it.Consumer.Pending(), field(consumers[at], "pel-count").Str)
		own := field(consumers[at], "pel", "pending").Elems
		k := 0
		for e := g.EachPending(MinID, MaxID, it.Consumer); e.Next(); k++ {
			p.same("consumer's ID", e.ID, own[k].Elems[0].Str)
		}
	}
}

// sameLag compares how far a group is. Redis 7.0 and 8.0 tell it by other rules than 7.4, whose are Valkey 8.1's.
func (p *peer) sameLag(g *Group, theirs live.Reply) {
	p.tb.Helper()
	read := field(theirs, "entries-read")
	if read.Null {
		read.Str = "-1"
	}
	p.same("entries read", g.EntriesRead(), read.Str)
	lag, ok := p.s.Lag(g)
	if theirs := field(theirs, "lag"); theirs.Null == ok || ok && theirs.Str != strconv.FormatInt(lag, 10) {
		p.fail("lag of %s: %d %v, theirs %s (last %v, read %d, first %v, deleted %v, added %d, length %d)", g.Name(), lag, ok,
			theirs, g.LastID(), g.EntriesRead(), p.s.FirstID(), p.s.MaxDeletedID(), p.s.EntriesAdded(), p.s.Len())
	}
}

// sameNodes compares the listpacks with those of a DUMP payload.
func (p *peer) sameNodes(dump string) {
	p.tb.Helper()
	b := []byte(dump)
	if b[0] != 19 && b[0] != 21 {
		p.fail("DUMP of type %d", b[0])
	}
	b = b[1:]
	length := func() int {
		n := int(b[0] & 0x3f)
		switch b[0] >> 6 {
		case 0:
			b = b[1:]
		case 1:
			n = n<<8 | int(b[1])
			b = b[2:]
		default:
			n = int(binary.BigEndian.Uint32(b[1:]))
			b = b[5:]
		}
		return n
	}
	it := p.s.NodesFrom(MinID)
	for n := length(); n > 0; n-- {
		if !it.Next() {
			p.fail("%d nodes are missing", n)
		}
		b = b[length():]
		key := b[:16]
		_ = key
		k := length()
		lp := b[:k]
		if string(lp) != string(it.Listpack) {
			p.fail("node %v: %x\ntheirs %x", it.Key, it.Listpack, lp)
		}
		b = b[k:]
	}
	if it.Next() {
		p.fail("one node too many: %v", it.Key)
	}
}

// draw returns an ID of an entry, or near one.
func (p *peer) draw() ID {
	last := p.s.LastID()
	var it Iter
	if p.s.Range(&it, ID{p.rng.Uint64N(last.Ms + 2), p.rng.Uint64N(3)}, MaxID, false); p.rng.IntN(5) > 0 && it.Next() {
		return it.ID
	}
	return ID{p.rng.Uint64N(last.Ms + 3), p.rng.Uint64N(3)}
}

func (p *peer) name(of string) string { return of + strconv.Itoa(p.rng.IntN(4)) }

func (p *peer) step() {
	rng, s := p.rng, p.s
	switch x := rng.IntN(100); {
	case x < 50:
		id := s.LastID()
		if id.Seq++; rng.IntN(2) == 0 {
			id = ID{id.Ms + 1 + rng.Uint64N(3), rng.Uint64N(2)}
		}
		fields := randomFields(rng)
		if err := s.Append(id, byteSlices(fields), p.limits); err != nil {
			p.fail("%v", err)
		}
		p.do(append([]string{"XADD", "s", id.String()}, fields...)...)
	case x < 60:
		id := p.draw()
		if id.IsZero() {
			return
		}
		n := 0
		if s.Delete(id) {
			n = 1
		}
		p.same("XDEL", n, p.do("XDEL", "s", id.String()).Str)
	case x < 63:
		p.trim()
	case x < 64:
		last, added, deleted := s.LastID(), s.EntriesAdded()+rng.Uint64N(5), s.MaxDeletedID()
		last.Ms += rng.Uint64N(3)
		s.SetLastID(last)
		s.SetEntriesAdded(added)
		if s.MaxDeletedID().IsZero() && rng.IntN(2) == 0 || added < uint64(s.Len()) {
			p.do("XSETID", "s", last.String(), "ENTRIESADDED", strconv.FormatUint(added, 10), "MAXDELETEDID", "0-0")
			return
		}
		p.do("XSETID", "s", last.String(), "ENTRIESADDED", strconv.FormatUint(added, 10), "MAXDELETEDID", deleted.String())
	default:
		p.stepGroup()
	}
}

func (p *peer) trim() {
	t := Trim{Approx: p.rng.IntN(2) == 0}
	eq := "="
	var limit []string
	if t.Approx {
		eq = "~"
		t.Limit = p.rng.IntN(300)
		limit = []string{"LIMIT", strconv.Itoa(t.Limit)}
	}
	if p.rng.IntN(2) == 0 {
		n := p.rng.IntN(p.s.Len() + 5)
		got := p.s.TrimMaxLen(uint64(n), t)
		p.same("XTRIM", got, p.do(append([]string{"XTRIM", "s", "MAXLEN", eq, strconv.Itoa(n)}, limit...)...).Str)
		return
	}
	id := p.draw()
	got := p.s.TrimMinID(id, t)
	p.same("XTRIM", got, p.do(append([]string{"XTRIM", "s", "MINID", eq, id.String()}, limit...)...).Str)
}

func (p *peer) stepGroup() {
	rng, s := p.rng, p.s
	name := p.name("g")
	g := s.Group([]byte(name))
	if !g.Ok() || rng.IntN(60) == 0 {
		if g.Ok() {
			d, _ := s.DetachGroup([]byte(name))
			d.Free()
			p.same("XGROUP DESTROY", 1, p.do("XGROUP", "DESTROY", "s", name).Str)
			return
		}
		id, read := p.draw(), int64(UnknownRead)
		args := []string{"XGROUP", "CREATE", "s", name, id.String()}
		if rng.IntN(2) == 0 {
			read = rng.Int64N(20)
			args = append(args, "ENTRIESREAD", strconv.FormatInt(read, 10))
		}
		s.CreateGroup([]byte(name), id, read)
		p.do(args...)
		return
	}
	switch x := rng.IntN(20); {
	case x < 8:
		p.read(g, name, p.name("c"))
	case x < 14:
		id := p.draw()
		n := 0
		if g.Ack(id) {
			n = 1
		}
		p.same("XACK", n, p.do("XACK", "s", name, id.String()).Str)
	case x < 17:
		p.claim(g, name, p.name("c"))
	case x < 18:
		id, read := p.draw(), int64(UnknownRead)
		args := []string{"XGROUP", "SETID", "s", name, id.String()}
		if rng.IntN(2) == 0 {
			read = rng.Int64N(20)
			args = append(args, "ENTRIESREAD", strconv.FormatInt(read, 10))
		}
		g.SetLastID(id)
		g.SetEntriesRead(read)
		p.do(args...)
	case x < 19:
		c := p.name("c")
		_, created := g.CreateConsumer([]byte(c), 1)
		p.same("XGROUP CREATECONSUMER", map[bool]int{true: 1}[created], p.do("XGROUP", "CREATECONSUMER", "s", name, c).Str)
	default:
		c := p.name("c")
		n, _ := g.DeleteConsumer([]byte(c))
		p.same("XGROUP DELCONSUMER", n, p.do("XGROUP", "DELCONSUMER", "s", name, c).Str)
	}
}

// consumer creates a consumer, if it is none yet: servers differ in when one comes into being.
func (p *peer) consumer(g Group, name, consumer string) Consumer {
	c, _ := g.CreateConsumer([]byte(consumer), 1)
	p.do("XGROUP", "CREATECONSUMER", "s", name, consumer)
	return c
}

// read is XREADGROUP of new entries.
func (p *peer) read(g Group, name, consumer string) {
	c := p.consumer(g, name, consumer)
	count := 1 + p.rng.IntN(10)
	args := []string{"XREADGROUP", "GROUP", name, consumer, "COUNT", strconv.Itoa(count), "STREAMS", "s", ">"}
	noack := p.rng.IntN(5) == 0
	if noack {
		args = append(args[:6:6], "NOACK", "STREAMS", "s", ">")
	}
	from, _ := g.LastID().Next()
	var it Iter
	p.s.Range(&it, from, MaxID, false)
	for ; count > 0 && it.Next(); count-- {
		p.s.Advance(&g, it.ID)
		if !noack {
			g.Assign(it.ID, c, 0, 1)
		}
	}
	p.do(args...)
}

// claim is XCLAIM FORCE of one entry.
func (p *peer) claim(g Group, name, consumer string) {
	id := p.draw()
	t, n := 1+p.rng.Int64N(1<<40), p.rng.Uint64N(1<<40)
	var it Iter
	p.s.Range(&it, id, id, false)
	c := p.consumer(g, name, consumer)
	if it.Next() {
		g.Assign(id, c, t, n)
	} else {
		g.Ack(id) // an entry that is gone cannot pend
	}
	p.do("XCLAIM", "s", name, consumer, "0", id.String(), "TIME", strconv.FormatInt(t, 10), "RETRYCOUNT",
		strconv.FormatUint(n, 10), "FORCE")
}

// TestSameAsRedis runs random histories here and on a real server, and compares all that can be seen.
func TestSameAsRedis(t *testing.T) {
	seed := live.Seed(t)
	p := newPeer(t, seed)
	steps := 1500
	if testing.Short() {
		steps = 300
	}
	for _, limits := range []Limits{{4096, 100}, {0, 0}, {0, 4}, {300, 0}, {1000, 10}, {0, 150}, {4096, 100}} {
		a := noLeak(t)
		s := New(a)
		p.s, p.limits = &s, limits
		p.do("FLUSHALL")
		p.do("CONFIG", "SET", "stream-node-max-bytes", strconv.Itoa(limits.Bytes), "stream-node-max-entries", strconv.Itoa(limits.Entries))
		p.do("XGROUP", "CREATE", "s", "g0", "0", "MKSTREAM")
		s.CreateGroup([]byte("g0"), MinID, UnknownRead)
		for i := range steps {
			p.step()
			if i%20 == 0 {
				p.compare()
			}
		}
		p.compare()
		d := s.Copy()
		s.Free()
		s = d
		p.compare()
		s.Free()
	}
}
