package resp

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"granary/internal/mem"
)

// tiny is a Sink of blocks of a few bytes, so that every slow path is taken.
type tiny struct {
	w    Writer
	size int
	segs [][]byte
	cur  []byte
}

func newTiny(size int, proto uint8) *tiny {
	s := &tiny{size: size}
	s.w.Init(s, proto)
	return s
}

func (s *tiny) More(n, need int) ([]byte, bool) {
	if s.cur == nil {
		s.cur = make([]byte, max(s.size, min(need, 64)))
		return s.cur, false
	}
	s.segs = append(s.segs, s.cur[:n])
	s.cur = make([]byte, max(s.size, min(need, 64)))
	return s.cur, true
}
func (s *tiny) Refer(int, mem.Ref, int, int) bool { return false }
func (s *tiny) Sealed(seq uint64) []byte          { return s.segs[seq] }
func (s *tiny) Shorten(seq uint64, n int)         { s.segs[seq] = s.segs[seq][:n] }
func (s *tiny) String() string {
	var b strings.Builder
	for _, seg := range s.segs {
		b.Write(seg)
	}
	b.Write(s.w.Pending())
	return b.String()
}

func TestReplies(t *testing.T) {
	check := func(name string, write func(w *Writer), want2, want3 string) {
		t.Helper()
		for proto, want := range map[uint8]string{2: want2, 3: want3} {
			b := NewBuffer()
			b.Proto = proto
			write(&b.Writer)
			if b.String() != want || b.Len() != uint64(len(want)) {
				t.Errorf("%s in RESP%d: got %q (Len %d), want %q", name, proto, b, b.Len(), want)
			}
			for size := 1; size < 20; size++ {
				s := newTiny(size, proto)
				write(&s.w)
				if s.String() != want || s.w.Len() != uint64(len(want)) {
					t.Errorf("%s in RESP%d, blocks of %d: got %q (Len %d), want %q", name, proto, size, s, s.w.Len(), want)
				}
			}
		}
	}
	same := func(name string, write func(w *Writer), want string) {
		t.Helper()
		check(name, write, want, want)
	}
	same("Int", func(w *Writer) { w.Int(12); w.Int(-5); w.Int(0) }, ":12\r\n:-5\r\n:0\r\n")
	same("Int", func(w *Writer) { w.Int(math.MinInt64); w.Int(math.MaxInt64) }, ":-9223372036854775808\r\n:9223372036854775807\r\n")
	same("Bulk", func(w *Writer) { w.Bulk([]byte("abc")); w.Bulk(nil) }, "$3\r\nabc\r\n$0\r\n\r\n")
	same("BulkString", func(w *Writer) { w.BulkString(strings.Repeat("x", 100)) }, "$100\r\n"+strings.Repeat("x", 100)+"\r\n")
	same("BulkInt", func(w *Writer) { w.BulkInt(-42) }, "$3\r\n-42\r\n")
	same("Status", func(w *Writer) { w.Status("FINE"); w.OK(); w.Pong(); w.Queued() }, "+FINE\r\n+OK\r\n+PONG\r\n+QUEUED\r\n")
	same("Error", func(w *Writer) { w.Error("ERR syntax error") }, "-ERR syntax error\r\n")
	same("Error", func(w *Writer) { w.Errorf("ERR got '%s'\r\n", "a\r\nb") }, "-ERR got 'a  b'\r\n")
	check("Null", (*Writer).Null, "$-1\r\n", "_\r\n")
	check("NullArray", (*Writer).NullArray, "*-1\r\n", "_\r\n")
	same("Array", func(w *Writer) { w.Array(0); w.Array(1234567) }, "*0\r\n*1234567\r\n")
	check("Map", func(w *Writer) { w.Map(2) }, "*4\r\n", "%2\r\n")
	check("Set", func(w *Writer) { w.Set(2) }, "*2\r\n", "~2\r\n")
	check("Push", func(w *Writer) { w.Push(3) }, "*3\r\n", ">3\r\n")
	same("Attribute", func(w *Writer) { w.Attribute(1) }, "|1\r\n")
	check("Bool", func(w *Writer) { w.Bool(true); w.Bool(false) }, ":1\r\n:0\r\n", "#t\r\n#f\r\n")
	check("Double", func(w *Writer) { w.Double(3.5) }, "$3\r\n3.5\r\n", ",3.5\r\n")
	check("HumanDouble", func(w *Writer) { w.HumanDouble(3.25) }, "$4\r\n3.25\r\n", ",3.25\r\n")
	check("BigNumber", func(w *Writer) { w.BigNumber("123") }, "$3\r\n123\r\n", "(123\r\n")
	check("Verbatim", func(w *Writer) { w.Verbatim("hi", "txt") }, "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n")
	same("Raw", func(w *Writer) { w.Raw([]byte(":1\r\n")); w.RawString("+x\r\n") }, ":1\r\n+x\r\n")
	check("MapLater", func(w *Writer) {
		m := w.MapLater()
		w.Int(1)
		w.Int(2)
		w.SetLen(m, 1)
	}, "*2\r\n:1\r\n:2\r\n", "%1\r\n:1\r\n:2\r\n")
	check("nested", func(w *Writer) {
		w.OK()
		a := w.ArrayLater()
		for range 12 {
			s := w.SetLater()
			w.BulkString("member")
			w.SetLen(s, 1)
		}
		w.SetLen(a, 12)
		p := w.PushLater()
		w.SetLen(p, 0)
		w.OK()
	}, "+OK\r\n*12\r\n"+strings.Repeat("*1\r\n$6\r\nmember\r\n", 12)+"*0\r\n+OK\r\n",
		"+OK\r\n*12\r\n"+strings.Repeat("~1\r\n$6\r\nmember\r\n", 12)+">0\r\n+OK\r\n")
	same("muted", func(w *Writer) {
		w.OK()
		w.Mute(true)
		w.Int(5)
		w.Bulk([]byte("x"))
		w.Status("x")
		m := w.ArrayLater()
		w.SetLen(m, 0)
		w.Error("ERR x")
		w.Mute(false)
		w.Int(1)
	}, "+OK\r\n:1\r\n")
}

func TestErrorCount(t *testing.T) {
	b := NewBuffer()
	b.Error("ERR a")
	b.Mute(true)
	b.Error("ERR b")
	b.Mute(false)
	if b.Errors() != 2 {
		t.Errorf("%d errors, want 2", b.Errors())
	}
}

func TestBulkRefCopies(t *testing.T) {
	a := mem.NewArena("test")
	ref := a.Alloc(10, mem.PurposeString)
	copy(mem.Bytes(ref, 10), "..payload.")
	b := NewBuffer()
	if b.BulkRef(ref, 2, 7) {
		t.Error("a Buffer kept a reference")
	}
	if b.String() != "$7\r\npayload\r\n" {
		t.Errorf("got %q", b)
	}
	a.Free(ref, 10, mem.PurposeString)
}

func TestAppendInt(t *testing.T) {
	check := func(v int64) {
		t.Helper()
		if got, want := string(AppendInt(nil, v)), strconv.FormatInt(v, 10); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for v := int64(-1100); v < 11000; v++ {
		check(v)
	}
	for p := int64(1); p > 0 && p < math.MaxInt64/10; p *= 10 {
		for d := int64(-2); d <= 2; d++ {
			check(p + d)
			check(-p + d)
		}
	}
	for range 10000 {
		check(int64(rand.Uint64() >> rand.IntN(64)))
	}
	check(math.MinInt64)
	check(math.MaxInt64)
}

func TestDouble(t *testing.T) {
	check := func(v float64, want string) {
		t.Helper()
		if got := string(AppendDouble(nil, v)); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
	check(0, "0")
	check(math.Copysign(0, -1), "-0")
	check(1, "1")
	check(-17, "-17")
	check(3.1, "3.1")
	check(0.1, "0.1")
	check(1.0/3, "0.3333333333333333")
	check(-2.5, "-2.5")
	check(100, "100")
	check(1e15, "1000000000000000")
	check(4503599627370495, "4503599627370495")
	check(4503599627370496, "4503599627370496")
	check(9007199254740993, "9007199254740992")
	check(1e17, "1e+17")
	check(1e16+2, "10000000000000002")
	check(1e20, "1e+20")
	check(123456789e12, "1.23456789e+20")
	check(1.5e300, "1.5e+300")
	check(-1.5e-300, "-1.5e-300")
	check(0.000001, "0.000001")
	check(0.0000001, "1e-7")
	check(0.00000123, "1.23e-6")
	check(0.00123, "0.00123")
	check(5e-324, "5e-324")
	check(math.MaxFloat64, "1.7976931348623157e+308")
	check(math.Inf(1), "inf")
	check(math.Inf(-1), "-inf")
	check(math.NaN(), "nan")
	for range 20000 {
		v := math.Float64frombits(rand.Uint64())
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		s := string(AppendDouble(nil, v))
		if back, err := strconv.ParseFloat(s, 64); err != nil || back != v {
			t.Fatalf("%v printed as %s, which reads as %v (%v)", v, s, back, err)
		}
	}
}

func TestHumanDouble(t *testing.T) {
	check := func(v float64, want string) {
		t.Helper()
		if got := string(AppendHumanDouble(nil, v)); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
	check(0, "0")
	check(math.Copysign(0, -1), "0")
	check(10.5, "10.5")
	check(100, "100")
	check(3.1, "3.10000000000000009")
	check(1e20, "100000000000000000000")
	check(1e-18, "0")
	check(-1e-18, "0")
	check(math.MaxFloat64, fmt.Sprintf("%.0f", math.MaxFloat64))
	check(math.Inf(-1), "-inf")
}

func TestWriteAllocs(t *testing.T) {
	b := NewBuffer()
	b.Raw(make([]byte, 4096))
	p := []byte("value")
	n := testing.AllocsPerRun(100, func() {
		b.Reset()
		b.Int(1234)
		b.Bulk(p)
		b.BulkString("value")
		b.OK()
		b.Null()
		b.Array(3)
		b.Double(3.25)
		b.BulkInt(77)
		b.Error("ERR syntax error")
	})
	if n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkBulk(b *testing.B) {
	w := NewBuffer()
	p := []byte("xxxxxxxxxxxxxxxx")
	for b.Loop() {
		w.Bulk(p)
		w.Reset()
	}
}

func BenchmarkInt(b *testing.B) {
	w := NewBuffer()
	for b.Loop() {
		w.Int(123456)
		w.Reset()
	}
}
