package resp

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"granary/tests/live"
)

// sameInBatch checks that what a Batch finds is what a Parser finds, and returns how many requests that were.
func sameInBatch(t *testing.T, in []byte, maxBulk int64) (n int) {
	t.Helper()
	var b Batch
	b.Read(in, maxBulk)
	p := Parser{MaxBulk: maxBulk}
	var keys [BatchMost][]byte
	nkeys, k := b.Keys(keys[:]), 0
	for rest := in; ; n++ {
		args, size := b.Next()
		if size == 0 {
			break
		}
		want, err := p.Parse(rest)
		if err != nil || want != size || fmt.Sprintf("%q", args) != fmt.Sprintf("%q", p.Args) {
			t.Fatalf("%q: request %d is %q in %d bytes, want %q in %d, %v", in, n, args, size, p.Args, want, err)
		}
		if len(args) > 1 {
			if k >= nkeys || string(keys[k]) != string(args[1]) {
				t.Fatalf("%q: key %d is not %q", in, k, args[1])
			}
			k++
		}
		rest = rest[size:]
	}
	if k != nkeys {
		t.Errorf("%q: %d keys, want %d", in, nkeys, k)
	}
	return n
}

func request(args ...string) string { return string(live.AppendCommand(nil, args...)) }

func TestBatch(t *testing.T) {
	get := request("GET", "key")
	many := request(strings.Fields(strings.Repeat("x ", 100))...)
	for _, c := range []struct {
		in      string
		maxBulk int64
		want    int
	}{
		{"", 0, 0},
		{get, 0, 1},
		{request("PING") + get, 0, 2},
		{get + get[:len(get)-1], 0, 1},             // the second is not whole
		{get + "PING\r\n" + get, 0, 1},             // of another form
		{get + "*0\r\n" + get, 0, 1},               // nothing
		{get + "*2\r\n$03\r\nGET\r\n" + get, 0, 1}, // left to a Parser, which finds the error
		{strings.Repeat(get, BatchMost), 0, BatchMost},
		{strings.Repeat(get, BatchMost+1), 0, BatchMost},
		{strings.Repeat(many, 4), 0, 2}, // no room for the arguments of a third
		{request(strings.Fields(strings.Repeat("x ", batchArgs))...) + get, 0, 1},
		{request(strings.Fields(strings.Repeat("x ", batchArgs+1))...) + get, 0, 0},
		{get + request("SET", "k", "too long"), 7, 1},
		{get + request("SET", "k", "fits"), 7, 2},
	} {
		if n := sameInBatch(t, []byte(c.in), c.maxBulk); n != c.want {
			t.Errorf("%.60q: %d requests, want %d", c.in, n, c.want)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		var in strings.Builder
		for range r.IntN(30) {
			args := make([]string, 1+r.IntN(6)*r.IntN(6))
			for i := range args {
				args[i] = strings.Repeat("a", r.IntN(12)*r.IntN(12))
			}
			in.WriteString(request(args...))
		}
		sameInBatch(t, []byte(in.String()[:r.IntN(in.Len()+1)]), 0)
	}
}

func TestBatchAllocs(t *testing.T) {
	var b Batch
	in := []byte(strings.Repeat(request("SET", "key", "value"), BatchMost))
	if n := testing.AllocsPerRun(100, func() { b.Read(in, 0) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
