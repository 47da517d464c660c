package resp

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// run feeds in to a new Parser in pieces that end at the offsets of cuts, and
// returns the requests it found, one per line, and the error at the end. What
// is not consumed moves to new memory before each piece, as in a server.
func run(in []byte, set func(*Parser), cuts ...int) string {
	var p Parser
	if set != nil {
		set(&p)
	}
	var out strings.Builder
	var buf []byte
	from := 0
	for _, cut := range append(cuts, len(in)) {
		buf = append(bytes.Clone(buf), in[from:cut]...)
		from = cut
		for {
			n, err := p.Parse(buf)
			if err != nil {
				fmt.Fprintf(&out, "error %v\n", err)
				return out.String()
			}
			if n == 0 {
				break
			}
			fmt.Fprintf(&out, "%q\n", p.Args)
			buf = buf[n:]
		}
	}
	fmt.Fprintf(&out, "left %d\n", len(buf))
	return out.String()
}

func TestParse(t *testing.T) {
	check := func(in, want string) {
		t.Helper()
		got := run([]byte(in), nil)
		if got != want {
			t.Errorf("%.60q:\ngot  %.300s\nwant %.300s", in, got, want)
		}
		if len(in) > 300 {
			return
		}
		// Every way to cut it in two, and one byte at a time.
		for i := range in {
			if cut := run([]byte(in), nil, i); cut != want {
				t.Errorf("%q cut at %d:\ngot  %s\nwant %s", in, i, cut, want)
			}
		}
		each := make([]int, len(in))
		for i := range each {
			each[i] = i
		}
		if cut := run([]byte(in), nil, each...); cut != want {
			t.Errorf("%q byte by byte:\ngot  %s\nwant %s", in, cut, want)
		}
	}
	check("", "left 0\n")
	check("*1\r\n$4\r\nPING\r\n", "[\"PING\"]\nleft 0\n")
	check("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPI", "[\"GET\" \"k\"]\nleft 10\n")
	check("*1\r\n$0\r\n\r\n", "[\"\"]\nleft 0\n")
	check("*0\r\n*-1\r\n*-7\r\nPING\r\n", "[]\n[]\n[]\n[\"PING\"]\nleft 0\n")
	check("\r\n\n  \r\nPING\n", "[]\n[]\n[]\n[\"PING\"]\nleft 0\n")
	check("*1\r\n$3\r\na\r\n\r\n", "[\"a\\r\\n\"]\nleft 0\n")
	check("*1\r\n$1\r\nabc*1\r\n$1\r\nd\r\n", "[\"a\"]\n[\"d\"]\nleft 0\n") // the line end is not looked at
	check("*1\rx$1\ryabc", "[\"a\"]\nleft 0\n")                             // nor is the line feed
	check("*01\r\n", "error invalid multibulk length\n")
	check("*-0\r\n", "error invalid multibulk length\n")
	check("*+1\r\n", "error invalid multibulk length\n")
	check("*\r\n", "error invalid multibulk length\n")
	check("* 1\r\n", "error invalid multibulk length\n")
	check("*2147483648\r\n", "error invalid multibulk length\n")
	check("*9223372036854775808\r\n", "error invalid multibulk length\n")
	check("*99999999999999999999999\r\n", "error invalid multibulk length\n")
	check("*-9223372036854775808\r\nPING\r\n", "[]\n[\"PING\"]\nleft 0\n")
	check("*2147483647\r\n", "left 13\n")
	check("*1\r\nPING\r\n", "error expected '$', got 'P'\n")
	check("*1\r\n\r\n", "error expected '$', got '\r'\n")
	check("*1\r\n:4\r\n", "error expected '$', got ':'\n")
	check("*1\r\n$-1\r\n", "error invalid bulk length\n")
	check("*1\r\n$x\r\n", "error invalid bulk length\n")
	check("*1\r\n$\r\n", "error invalid bulk length\n")
	check("*1\r\n$01\r\n", "error invalid bulk length\n")
	check("*1\r\n$536870913\r\n", "error invalid bulk length\n")
	check("*1\r\n$536870912\r\n", "left 16\n")
	check("*1\r\n$99999999999999999999\r\n", "error invalid bulk length\n")
	check("\x00\r\nPING\r\n", "left 9\n")
	check("*\x001\r\n", "left 5\n")
	check("PING \"unbalanced\r\n", "error unbalanced quotes in request\n")
	check("PING \"a\"b\r\n", "error unbalanced quotes in request\n")
	check("PING 'a'b\r\n", "error unbalanced quotes in request\n")
	check("SET k \"\\x41\\n\\\"\\z\" 'a\\'\\n' x\"y z\"\r\n", "[\"SET\" \"k\" \"A\\n\\\"z\" \"a'\\\\n\" \"xy z\"]\nleft 0\n")
	check("  a\tb\vc  \r\n", "[\"a\" \"b\\vc\"]\nleft 0\n")

	long := strings.Repeat("x", maxInline)
	check(long, fmt.Sprintf("left %d\n", maxInline))
	check(long+"x", "error too big inline request\n")
	check("*"+long, "error too big mbulk count string\n")
	check("*1\r\n$"+long, "error too big bulk count string\n")
	check("*1\r\n\x00"+long, "error too big bulk count string\n")
}

func TestUnauthenticated(t *testing.T) {
	unauth := func(p *Parser) { p.Unauth = true }
	check := func(in, want string) {
		t.Helper()
		if got := run([]byte(in), unauth); got != want {
			t.Errorf("%.60q: got %.300s want %s", in, got, want)
		}
	}
	check("*11\r\n", "error unauthenticated multibulk length\n")
	check("*10\r\n", "left 5\n")
	check("*1\r\n$16385\r\n", "error unauthenticated bulk length\n")
	check("*1\r\n$16384\r\n", "left 12\n")
	check("*11\r\n"+strings.Repeat("$1\r\na\r\n", 11), "error unauthenticated multibulk length\n")
	check("*1\r\n$16385\r\n"+strings.Repeat("a", 16385)+"\r\n", "error unauthenticated bulk length\n")
	check("*1\r\n$1\r\na\r\n", "[\"a\"]\nleft 0\n")
}

func TestMaxBulk(t *testing.T) {
	set := func(p *Parser) { p.MaxBulk = 3 }
	if got := run([]byte("*1\r\n$3\r\nabc\r\n*1\r\n$4\r\nabcd\r\n"), set); got != "[\"abc\"]\nerror invalid bulk length\n" {
		t.Error(got)
	}
}

func TestNeed(t *testing.T) {
	var p Parser
	in := []byte("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\nxyz")
	n, err := p.Parse(in)
	head := len(in) - 3
	if n != 0 || err != nil || p.Need() != head+100000+2 {
		t.Fatalf("n %d, err %v, Need %d, want %d", n, err, p.Need(), head+100002)
	}
	if args, size := p.Unfinished(); args != 2 || size != 4 {
		t.Errorf("Unfinished: %d %d, want 2 4", args, size)
	}
	whole := append(in[:head:head], make([]byte, 100002)...)
	if n, err := p.Parse(whole); n != len(whole) || err != nil || len(p.Args[2]) != 100000 || p.Need() != 0 {
		t.Errorf("n %d, err %v, Need %d", n, err, p.Need())
	}
}

// TestFront: the bytes before a large argument may lie elsewhere, and those
// behind it may move.
func TestFront(t *testing.T) {
	val := strings.Repeat("v", bigArg)
	head := "*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$32768\r\n"
	tail := "\r\n$2\r\nEX\r\n$2\r\n60\r\n"
	var p Parser
	n, err := p.Parse([]byte(head + val[:10]))
	if n != 0 || err != nil || p.Body() != len(head) || p.Need() != len(head)+bigArg+2 {
		t.Fatalf("n %d, err %v, body %d, need %d", n, err, p.Body(), p.Need())
	}
	p.Front = []byte(head)
	for _, in := range []string{val[:100], val, val + "\r\n$2"} {
		if n, err = p.Parse([]byte(in)); n != 0 || err != nil || p.Body() != 0 {
			t.Fatalf("%d bytes: n %d, err %v, body %d", len(in), n, err, p.Body())
		}
	}
	in := []byte(val + tail + "PING\r\n")
	for range 2 { // the second time after Unread
		n, err = p.Parse(in)
		if n != len(val)+len(tail) || err != nil || p.Front != nil {
			t.Fatalf("n %d, err %v", n, err)
		}
		if got := string(bytes.Join(p.Args, []byte(" "))); got != "SET k "+val+" EX 60" {
			t.Fatalf("%.20q... of %d bytes", got, len(got))
		}
		p.Unread()
		p.Front = []byte(head)
	}
	p.Parse(in)
	moved := []byte(tail)
	clear(in[len(val):])
	p.Rebase(2, moved)
	if string(p.Args[3]) != "EX" || string(p.Args[4]) != "60" {
		t.Errorf("moved: %q %q", p.Args[3], p.Args[4])
	}
	if n, err = p.Parse([]byte("PING\r\n")); n != 6 || err != nil || string(p.Args[0]) != "PING" {
		t.Errorf("the next request: %d, %v", n, err)
	}
}

// TestManyArguments reads a request of many arguments in small pieces: the
// work must be of the order of its length.
func TestManyArguments(t *testing.T) {
	const args = 300_000
	in := fmt.Appendf(nil, "*%d\r\n", args)
	for range args {
		in = append(in, "$1\r\na\r\n"...)
	}
	var p Parser
	for to := 4096; ; to += 4096 {
		n, err := p.Parse(in[:min(to, len(in))])
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			break
		}
	}
	if len(p.Args) != args {
		t.Errorf("%d arguments, want %d", len(p.Args), args)
	}
	p.Reset()
	p.Trim()
	if cap(p.Args) > keepArgs || cap(p.spans) > keepArgs {
		t.Error("Trim kept the room of a large request")
	}
}

func TestParseAllocs(t *testing.T) {
	var p Parser
	set := []byte("*3\r\n$3\r\nSET\r\n$5\r\nkey:1\r\n$5\r\nvalue\r\n")
	inline := []byte("SET key:1 value\r\n")
	half := set[:20]
	n := testing.AllocsPerRun(100, func() {
		p.Parse(set)
		p.Parse(inline)
		p.Parse(half)
		p.Parse(set)
	})
	if n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"), uint16(5), uint16(11))
	f.Add([]byte("SET k \"\\x41 b\" 'c'\r\n*1\r\n"), uint16(3), uint16(4))
	f.Add([]byte("*1\r\n$-1\r\n"), uint16(1), uint16(2))
	f.Add([]byte("*0\r\n\x00*\r"), uint16(1), uint16(2))
	f.Fuzz(func(t *testing.T, in []byte, a, b uint16) {
		i, j := int(a)%(len(in)+1), int(b)%(len(in)+1)
		whole := run(bytes.Clone(in), nil)
		if cut := run(bytes.Clone(in), nil, min(i, j), max(i, j)); cut != whole {
			t.Errorf("%q cut at %d and %d:\ngot  %s\nwant %s", in, i, j, cut, whole)
		}
		sameInBatch(t, in, 0)
	})
}

func BenchmarkParse(b *testing.B) {
	var p Parser
	set := []byte("*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000001\r\n$3\r\nxxx\r\n")
	for b.Loop() {
		if n, _ := p.Parse(set); n != len(set) {
			b.Fatal(n)
		}
	}
}
