package command

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"granary/internal/keyspace"
	"granary/internal/resp"
)

// TestDeadlines adds and takes out of the heap at random and demands that the soonest is in front.
func TestDeadlines(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	var h deadlines
	for range 5000 {
		if len(h) == 0 || r.IntN(5) < 3 {
			x := &waiting{deadline: int64(r.IntN(50)), place: len(h)}
			h = append(h, x)
			h.up(x.place)
		} else {
			i, last := r.IntN(len(h)), len(h)-1
			h.swap(i, last)
			h = h[:last]
			if i < last {
				h.down(i)
				h.up(i)
			}
		}
		for i, x := range h {
			if x.place != i {
				t.Fatalf("place %d is at %d", x.place, i)
			}
			if x.deadline < h[0].deadline {
				t.Fatalf("%d is behind %d", x.deadline, h[0].deadline)
			}
		}
	}
}

// TestTimeout: seconds with a fraction become ms, rounded up.
func TestTimeout(t *testing.T) {
	out := resp.NewBuffer()
	c := &Ctx{Out: &out.Writer, Env: &Env{Keys: &keyspace.Keyspace{Now: 1_700_000_000_000}}}
	is := func(arg string, want int64, reply string) {
		t.Helper()
		out.Reset()
		got, ok := c.Timeout([]byte(arg))
		if got != want || ok != (reply == "") || out.String() != reply {
			t.Errorf("%q: %d %v %q, want %d %q", arg, got, ok, out.String(), want, reply)
		}
	}
	is("0", 0, "")
	is("1", 1000, "")
	is("0.0001", 1, "")
	is("1e-9", 1, "")
	is("2.5", 2500, "")
	is("-0", 0, "")
	is("9223372036854775", 0, "-"+ErrTimeoutRange+"\r\n")
	is("1e300", 0, "-"+ErrTimeoutRange+"\r\n")
	is("inf", 0, "-"+ErrTimeoutRange+"\r\n")
	is("-1", 0, "-"+ErrTimeoutNegative+"\r\n")
	is("-inf", 0, "-"+ErrTimeoutNegative+"\r\n")
	for _, s := range []string{"", "x", "nan", " 1", "1 ", "1s"} {
		is(s, 0, "-"+ErrTimeoutFloat+"\r\n")
	}
	is(strconv.Itoa(longest/1000), longest/1000*1000, "")
}
