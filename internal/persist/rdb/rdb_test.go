package rdb

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
	"granary/internal/types/hash"
	"granary/internal/types/list"
	"granary/internal/types/set"
	"granary/internal/types/stream"
	"granary/internal/types/typestest"
	"granary/internal/types/zset"
	"granary/tests/live"
)

// world is a keyspace to write values from and to read them into.
type world struct {
	tb  testing.TB
	a   *mem.Arena
	ks  *keyspace.Keyspace
	lim Limits
}

func newWorld(tb testing.TB) *world {
	a := mem.NewArena("test")
	w := &world{tb: tb, a: a, ks: keyspace.New(a, 1)}
	w.ks.Now = 1000
	w.lim = Limits{
		String: w.ks.Limits,
		Hash:   hash.Limits{Entries: 32, Value: 64},
		List:   list.Limits{Fill: -2},
		Set:    set.Limits{Intset: 64, Entries: 32, Value: 64},
		ZSet:   zset.Limits{Entries: 32, Value: 64},
		Stream: stream.Limits{Bytes: 4096, Entries: 100},
	}
	return w
}

// end empties the keyspace: nothing may be left.
func (w *world) end() {
	w.tb.Helper()
	w.empty()
	if t := w.a.Books().Total; t.Count != 0 {
		w.tb.Fatalf("%d bytes in %d blocks left behind", t.Requested, t.Count)
	}
	w.a.Close()
}

func (w *world) item(key string) keyspace.Item { return w.ks.DBs[0].Write([]byte(key)) }

// word draws a text that is short or long, random or repetitive, or an integer.
func word(r *rand.Rand) []byte {
	switch r.IntN(6) {
	case 0:
		return strconv.AppendInt(nil, r.Int64()>>r.IntN(63)*int64(1-2*r.IntN(2)), 10)
	case 1:
		return bytes.Repeat([]byte("ab"), r.IntN(60))
	case 2:
		b := make([]byte, r.IntN(100))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	return []byte("w" + strconv.Itoa(r.IntN(1000000)))
}

// makeValue gives a key a random value of a type.
func (w *world) makeValue(r *rand.Rand, key string, t object.Type) {
	n := []int{1, 3, 20, 40, 200, 2000}[r.IntN(6)]
	it := w.item(key)
	switch t {
	case object.String:
		val := word(r)
		if r.IntN(8) == 0 {
			val = bytes.Repeat(append(val, 'x'), r.IntN(3000))
		}
		it.SetString(val, 0)
	case object.List:
		for range n {
			list.Push(&it, w.lim.List, [][]byte{word(r)}, r.IntN(2) == 0)
		}
		if r.IntN(4) == 0 {
			list.Push(&it, w.lim.List, [][]byte{bytes.Repeat([]byte("long"), 4000)}, false)
		}
	case object.Hash:
		for range n {
			at := int64(0)
			if r.IntN(8) == 0 {
				at = 2000 + r.Int64N(1e12)
			}
			hash.Set(&it, w.lim.Hash, word(r), word(r), at)
		}
	case object.Set:
		var m set.Member
		b := set.NewBuilder(w.a, w.lim.Set, object.Intset)
		ints := r.IntN(2) == 0
		for range n {
			if ints {
				m.SetInt(r.Int64() >> r.IntN(60))
			} else {
				m.SetText(word(r))
			}
			b.Add(&m)
		}
		b.Store(&it)
	case object.ZSet:
		for range n {
			score := float64(r.IntN(50))
			if r.IntN(2) == 0 {
				score = r.NormFloat64()
			}
			zset.Put(&it, w.lim.ZSet, word(r), score, 0)
		}
	case object.Stream:
		typestest.Stream(w.tb, r, &it, w.lim.Stream, n, func() []byte { return word(r) })
	}
}

var allTypes = []object.Type{object.String, object.List, object.Set, object.ZSet, object.Hash, object.Stream}

// write returns a value as Encoder writes it, in steps of at most budget.
func (w *world) write(e object.Entry, budget int) []byte {
	buf := NewBuffer()
	v := NewValue(w.a, e)
	for !v.Write(buf, budget) {
	}
	return buf.Rest().Bytes
}

// TestValues writes random values of all types and reads them back: what is written then is the same.
func TestValues(t *testing.T) {
	r := rand.New(rand.NewPCG(live.Seed(t), 1))
	w := newWorld(t)
	defer w.end()
	for i := range 300 {
		typ := allTypes[r.IntN(len(allTypes))]
		w.makeValue(r, "from", typ)
		from := w.item("from")
		kind, _ := TypeOf(from.Entry)
		whole := w.write(from.Entry, 1<<40)
		if kind == TypeString || kind == TypeZSet2 || kind == TypeListQuicklist2 || kind == TypeStream2 {
			if steps := w.write(from.Entry, 1+r.IntN(100)); !bytes.Equal(whole, steps) {
				t.Fatalf("round %d: a %v is written differently in steps", i, typ)
			}
		}
		if n := Size(w.a, from.Entry); n != len(whole) {
			t.Fatalf("round %d: a %v takes %d bytes, and is said to take %d", i, typ, len(whole), n)
		}
		p := Dump(w.a, from.Entry, r.IntN(2) == 0, mem.PurposeSnapshotBuffer)
		payload := w.payload(&p)
		rd, got, ok := OpenPayload(payload, w.a, w.lim, Trust{})
		if !ok || got != kind {
			t.Fatalf("round %d: the payload of a %v is refused, or of type %d", i, typ, got)
		}
		if err := rd.Value(got); err != nil {
			t.Fatalf("round %d: a %v is not read: %v", i, typ, err)
		}
		to := w.item("to")
		to.Put(rd.Entry([]byte("to"), 0, 0))
		if err := to.Entry.Check(); err != nil {
			t.Fatalf("round %d: a %v that was read: %v", i, typ, err)
		}
		if a, b := w.sorted(from.Entry), w.sorted(to.Entry); a != b {
			t.Fatalf("round %d: a %v is read as another:\n%q\n%q", i, typ, a, b)
		}
		w.empty()
	}
}

func (w *world) payload(p *Payload) (b []byte) {
	p.Each(func(part []byte) { b = append(b, part...) })
	if len(b) != p.Size {
		w.tb.Fatalf("a payload of %d bytes says that it has %d", len(b), p.Size)
	}
	p.Free()
	return b
}

// sorted returns what a value consists of, in an order that does not depend on how it is stored.
func (w *world) sorted(e object.Entry) string {
	var b bytes.Buffer
	sum := uint64(0)
	add := func(parts ...[]byte) { // in any order
		c := uint64(0)
		for _, p := range parts {
			c = CRC(c, binary.LittleEndian.AppendUint64(nil, uint64(len(p))))
			c = CRC(c, p)
		}
		sum += c
	}
	switch e.Type() {
	case object.String:
		var s object.Scratch
		b.Write(e.Text(&s))
	case object.List:
		v := list.Of(w.a, e)
		var s [32]byte
		it := v.From(0, false)
		for ; it.Valid(); it.Next() {
			elem := it.Elem()
			b.Write(elem.AppendTo(s[:0]))
			b.WriteByte('\n')
		}
	case object.Hash:
		it := hash.NewIter(e, 0)
		var s1, s2 hash.Scratch
		for it.Next() {
			add(it.Name(&s1), it.Value(&s2), strconv.AppendInt(nil, it.Expiry(), 10))
		}
	case object.Set:
		v := set.Of(e)
		var m set.Member
		v.Each(&m, func() bool {
			add(m.Text())
			return true
		})
	case object.ZSet:
		v := zset.OfEntry(w.a, e)
		var s zset.Scratch
		c := v.At(0)
		for ; c.Valid(); c.Next() {
			b.Write(c.Member(&s))
			b.WriteString(strconv.FormatFloat(c.Score(), 'g', -1, 64))
		}
	case object.Stream:
		b.Write(w.write(e, 1<<40))
	}
	return b.String() + strconv.FormatUint(sum, 16)
}

// TestLengths pins how lengths and integers are written.
func TestLengths(t *testing.T) {
	for _, c := range []struct {
		n    uint64
		want string
	}{
		{0, "\x00"},
		{63, "\x3f"},
		{64, "\x40\x40"},
		{16383, "\x7f\xff"},
		{16384, "\x80\x00\x00\x40\x00"},
		{1<<32 - 1, "\x80\xff\xff\xff\xff"},
		{1 << 32, "\x81\x00\x00\x00\x01\x00\x00\x00\x00"},
	} {
		w := NewBuffer()
		w.Length(c.n)
		if got := string(w.Rest().Bytes); got != c.want {
			t.Errorf("%d is written as %q, want %q", c.n, got, c.want)
		}
		if d := NewDecoder([]byte(c.want)); d.Length() != c.n || d.Err() != nil {
			t.Errorf("%q is not read as %d", c.want, c.n)
		}
	}
	for text, want := range map[string]string{
		"0": "\xc0\x00", "-128": "\xc0\x80", "128": "\xc1\x80\x00", "-32769": "\xc2\xff\x7f\xff\xff", "2147483648": "\x0a2147483648", "01": "\x0201",
	} {
		w := NewBuffer()
		w.String([]byte(text))
		if got := string(w.Rest().Bytes); got != want {
			t.Errorf("%s is written as %q, want %q", text, got, want)
		}
		if got := NewDecoder([]byte(want)).String(); string(got) != text {
			t.Errorf("%q is read as %q", want, got)
		}
	}
}

// TestCRC pins the checksum to the value that every description of it gives.
func TestCRC(t *testing.T) {
	if got := CRC(0, []byte("123456789")); got != 0xe9c6d914c4b8d9ca {
		t.Errorf("%x", got)
	}
}

// TestScarceMemory reads values while there is little memory or none: nothing is left behind of what there was no memory for.
func TestScarceMemory(t *testing.T) {
	if err := mem.Open(mem.Config{Limit: 2 << 20}); err != nil {
		t.Fatal(err) // another test of this process left memory behind
	}
	t.Cleanup(func() {
		if err := mem.Open(mem.Config{}); err != nil {
			t.Error(err)
		}
	})
	r := rand.New(rand.NewPCG(live.Seed(t), 2))
	w := newWorld(t)
	defer w.end()
	refused := 0
	for i := range 60 {
		w.makeValue(r, "from", allTypes[i%len(allTypes)])
		p := Dump(w.a, w.item("from").Entry, false, mem.PurposeSnapshotBuffer)
		payload := w.payload(&p)
		w.empty()
		for range 4 {
			if !w.readScarce(payload, r.IntN(1+len(payload)*(1+i%3)/ballastPiece)) {
				refused++
			}
		}
	}
	if refused < 10 {
		t.Errorf("only %d values were refused", refused)
	}
}

const ballastPiece = 1024

// readScarce reads a payload while all memory is taken but for so many pieces. It reports whether that was enough.
func (w *world) readScarce(payload []byte, pieces int) (enough bool) {
	other := mem.NewArena("ballast")
	var ballast []mem.Ref
	defer other.Close()
	defer func() {
		for _, r := range ballast {
			other.Free(r, ballastPiece, mem.PurposeOther)
		}
	}()
	for mem.Try(func() { ballast = append(ballast, other.Alloc(ballastPiece, mem.PurposeOther)) }) {
	}
	for range min(pieces, len(ballast)) {
		last := len(ballast) - 1
		other.Free(ballast[last], ballastPiece, mem.PurposeOther)
		ballast = ballast[:last]
	}
	rd, t, ok := OpenPayload(payload, w.a, w.lim, Trust{})
	if !ok {
		w.tb.Fatal("a payload is refused")
	}
	enough = mem.Try(func() {
		if err := rd.Value(t); err != nil {
			w.tb.Fatal(err)
		}
		it := w.item("to")
		it.Put(rd.Entry([]byte("to"), 0, 0))
	})
	rd.Discard()
	w.empty()
	if n := w.a.Books().Total.Count; n != 0 {
		w.tb.Fatalf("%d blocks are left behind", n)
	}
	return enough
}

// empty deletes everything.
func (w *world) empty() {
	w.ks.FlushAll(false)
	for !w.ks.Reclaim(time.Now().Add(time.Second)) {
	}
}

// FuzzValue reads values from anything: an error, or a value that is sound; nothing is left behind.
func FuzzValue(f *testing.F) {
	w := newWorld(f)
	r := rand.New(rand.NewPCG(1, 3))
	for range 60 {
		w.makeValue(r, "from", allTypes[r.IntN(len(allTypes))])
		it := w.item("from")
		t, _ := TypeOf(it.Entry)
		if b := w.write(it.Entry, 1<<40); len(b) < 2000 {
			f.Add(byte(t), false, b)
		}
		it.Delete()
	}
	for _, c := range []struct {
		t Type
		b string
	}{
		{TypeList, "\x02\x01a\xc0\x05"},
		{TypeZSet, "\x02\x01a\x031.5\x01b\xfe"},
		{TypeListZiplist, "\x15\x15\x00\x00\x00\x0f\x00\x00\x00\x03\x00\x00\x01a\x03\xf6\x02\x03ccc\xff"},
		{TypeHashZipmap, "\x0c\x02\x01a\x01\x00b\x01c\x01\x00d\xff"},
		{TypeHashFieldsDraft, "\x01\x01a\x01b\xff\xff\xff\xff\xff\xff\xff\xff"},
		{TypeHashFields, "\x00\x10\x00\x00\x00\x00\x00\x00\x01\x05\x01a\x01b"},
	} {
		f.Add(byte(c.t), true, []byte(c.b))
	}
	w.end()
	f.Fuzz(func(t *testing.T, typ byte, valkey bool, b []byte) {
		w := newWorld(t)
		defer w.end()
		rd := NewReader(NewDecoder(b), w.a, w.lim)
		rd.Valkey = valkey
		if rd.Value(Type(typ)) != nil {
			return
		}
		it := w.item("to")
		it.Put(rd.Entry([]byte("to"), 0, 0))
		if err := it.Entry.Check(); err != nil {
			t.Fatal(err)
		}
		again := w.write(it.Entry, 64)
		kind, _ := TypeOf(it.Entry)
		second := NewReader(NewDecoder(again), w.a, w.lim)
		defer second.Discard()
		if err := second.Value(kind); err != nil && it.Entry.Type() != object.Stream {
			t.Fatalf("what was read and written is not read: %v", err)
		}
	})
}

// FuzzDecoder compares reading from memory with reading from a file that comes in pieces.
func FuzzDecoder(f *testing.F) {
	f.Add([]byte("\x03abc\xc0\x05\xc1\x00\x01\x40\x40"), uint8(3))
	f.Add([]byte("\xc3\x05\x0a\x00a\xe0\x00\x00"), uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, step uint8) {
		m, s := NewDecoder(b), NewFileDecoder(&slow{b, int(step) + 1}, int64(len(b)))
		for m.Err() == nil {
			if x, y := string(m.String()), string(s.String()); x != y {
				t.Fatalf("%q from memory, %q from a file", x, y)
			}
			if (m.Err() == nil) != (s.Err() == nil) || m.Offset() != s.Offset() && m.Err() == nil {
				t.Fatalf("%v at %d from memory, %v at %d from a file", m.Err(), m.Offset(), s.Err(), s.Offset())
			}
		}
	})
}

// slow is a reader that gives step bytes at a time.
type slow struct {
	b    []byte
	step int
}

func (s *slow) Read(p []byte) (int, error) {
	n := copy(p[:min(s.step, len(p))], s.b)
	s.b = s.b[n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
