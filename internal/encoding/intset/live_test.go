package intset

import (
	"slices"
	"strconv"
	"testing"

	"granary/tests/live"
)

// setIntset is the RDB type of an intset.
const setIntset = 11

// TestLive has the same histories of a set here and in a real redis-server, compares the bytes, and then the verdicts
// about corrupted bytes.
func TestLive(t *testing.T) {
	server := live.NeedStart(t, "redis", live.NeedRedis(t), "--rdbcompression", "no", "--sanitize-dump-payload", "yes",
		"--set-max-intset-entries", "100000")
	c, err := server.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	do := func(args ...string) string {
		t.Helper()
		reply, err := c.Do(args...)
		if err != nil || reply.Kind == '-' {
			t.Fatalf("%.200q: %v %s", args, err, reply.Str)
		}
		return reply.Str
	}
	r := newRand(t)
	valid := 0
	for _, bits := range []int{8, 16, 17, 32, 33, 64} {
		do("DEL", "s")
		s := New(make([]byte, 1<<13))
		for range 300 {
			n := randomInt(r, bits)
			if r.IntN(3) > 0 {
				do("SADD", "s", strconv.FormatInt(n, 10))
				s, _ = s.Add(n)
			} else {
				do("SREM", "s", strconv.FormatInt(n, 10))
				if s, _ = s.Remove(n); s.Len() == 0 {
					s = New(s) // the key is gone
				}
			}
		}
		kind, value, err := live.SplitDump(do("DUMP", "s"))
		if err != nil || kind != setIntset {
			t.Fatalf("type %d: %v", kind, err)
		}
		theirs, rest, err := live.CutDumpString(value)
		if err != nil || rest != "" || theirs != string(s) {
			t.Fatalf("%d bits:\ngot   % x\nredis % x\n%v", bits, []byte(s), theirs, err)
		}
		for range 200 {
			b := slices.Clone([]byte(s))
			i := r.IntN(len(b))
			if r.IntN(2) == 0 {
				i = r.IntN(12)
			}
			b[i] ^= 1 << r.IntN(8)
			if r.IntN(8) == 0 {
				b = b[:i]
			}
			ours := Validate(b)
			reply, err := c.Do("RESTORE", "k", "0", live.MakeDump(setIntset, live.DumpString(string(b))), "REPLACE")
			if err != nil || (ours == nil) != (reply.Kind == '+') {
				t.Fatalf("% x:\ngot   %v\nredis %s %v", b, ours, reply.Str, err)
			}
			if ours == nil {
				valid++
			}
		}
	}
	t.Logf("%d corrupted sets are valid", valid)
}
