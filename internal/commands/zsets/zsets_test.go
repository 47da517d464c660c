package zsets

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"granary/internal/command/commandtest"
	"granary/internal/keyspace"
	"granary/internal/object"
)

// TestRanges asks the same questions of both forms.
func TestRanges(t *testing.T) {
	for _, large := range []bool{false, true} {
		s := commandtest.New(t, Register)
		if large {
			s.Env.Config.ZSetMaxListpackEntries = 0
		}
		s.Is(":5", "ZADD", "z", "1", "one", "2", "two", "2.5", "more", "inf", "all", "-inf", "none")
		if it := s.Client.DB.Find([]byte("z")); (it.Entry.Encoding() == object.Skiplist) != large {
			t.Errorf("stored as %s", it.Entry.Encoding())
		}
		s.Is("[$3 one $3 two]", "ZRANGE", "z", "(-inf", "2", "BYSCORE")
		s.Is("[$4 more $3 2.5 $3 two $1 2]", "ZREVRANGEBYSCORE", "z", "(inf", "-inf", "WITHSCORES", "LIMIT", "0", "2")
		s.Is("[$3 all]", "ZRANGE", "z", "-1", "-1")
		s.Is("[$3 all]", "ZREVRANGE", "z", "0", "0")
		s.Is("[:2 $1 2]", "ZRANK", "z", "two", "WITHSCORE")
		s.Is("[:4 $4 -inf]", "ZREVRANK", "z", "none", "withscore")
		s.Is("*-1", "ZREVRANK", "z", "nobody", "WITHSCORE")
		s.IsError("ERR syntax error", "ZRANK", "z", "two", "WITHSCORES")
		s.Is("$3 0.1", "ZINCRBY", "z", "0.1", "new")
		s.Is("$19 0.30000000000000004", "ZINCRBY", "z", "0.2", "new")
		s.Proto(3)
		s.Is("[[$4 none ,-inf]]", "ZPOPMIN", "z", "1")
		s.Is("[$3 all ,inf]", "ZPOPMAX", "z")
		s.Is("[$1 z [[$3 new ,0.30000000000000004]]]", "ZMPOP", "2", "y", "z", "MIN")
		s.Check()
	}
}

// TestEffects pins what replicas are sent, and the events.
func TestEffects(t *testing.T) {
	s := commandtest.New(t, Register)
	s.Feed()
	s.Do("ZADD", "z", "1", "a", "2", "b")
	s.HasEvents("new z", "zadd z")
	s.Do("ZADD", "z", "1", "a")
	s.HasEffects()
	s.Do("ZINCRBY", "z", "5", "a")
	s.HasEffects("ZINCRBY z 5 a")
	s.Do("ZMPOP", "1", "z", "MAX", "COUNT", "7")
	s.HasEffects("ZPOPMAX z 2")
	s.Do("ZADD", "z", "1", "a")
	s.Reset()
	s.Do("ZREM", "z", "a")
	s.HasEvents("zrem z", "del z")
}

// TestRandomMembers checks what chance may give.
func TestRandomMembers(t *testing.T) {
	for _, n := range []int{3, 100, 3000} {
		s := commandtest.New(t, Register)
		for i := range n {
			s.Do("ZADD", "z", fmt.Sprint(i), fmt.Sprint("m", i))
		}
		for _, count := range []int{1, 2, n / 20, n / 2, n, 2 * n, -5, -2 * n} {
			words := strings.Fields(strings.Trim(commandtest.Show(s.Do("ZRANDMEMBER", "z", fmt.Sprint(count))), "[]"))
			want := min(count, n)
			if count < 0 {
				want = -count
			}
			seen := map[string]int{}
			for i := 1; i < len(words); i += 2 {
				seen[words[i]]++
				if at := s.Do("ZSCORE", "z", words[i]); strings.HasPrefix(at, "$-1") {
					t.Errorf("%q is no member", words[i])
				}
			}
			if len(words) != 2*want || count > 0 && len(seen) != want {
				t.Errorf("%d of %d: %d members, %d different", count, n, len(words)/2, len(seen))
			}
		}
	}
}

// TestScanFindsAll walks a set that changes meanwhile.
func TestScanFindsAll(t *testing.T) {
	s := commandtest.New(t, Register)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 2000 {
		s.Do("ZADD", "z", fmt.Sprint(i), fmt.Sprint("stays", i))
	}
	seen := map[string]bool{}
	cursor := "0"
	for {
		words := strings.Fields(strings.NewReplacer("[", "", "]", "").Replace(commandtest.Show(s.Do("ZSCAN", "z", cursor, "COUNT", "30"))))
		for i := 3; i < len(words); i += 4 {
			seen[words[i]] = true
		}
		if cursor = words[1]; cursor == "0" {
			break
		}
		for range 40 {
			s.Do("ZADD", "z", fmt.Sprint(r.IntN(10)), fmt.Sprint("other", r.IntN(5000)))
			s.Do("ZREM", "z", fmt.Sprint("other", r.IntN(5000)))
			s.Do("ZINCRBY", "z", "3", fmt.Sprint("stays", r.IntN(2000)))
		}
	}
	for i := range 2000 {
		if !seen[fmt.Sprint("stays", i)] {
			t.Fatalf("stays%d was not found", i)
		}
	}
}

// TestFreedInSlices deletes a large set: the command gives back little, and the slices the rest.
func TestFreedInSlices(t *testing.T) {
	s := commandtest.New(t, Register)
	for i := range 20_000 {
		s.Do("ZADD", "z", fmt.Sprint(i), fmt.Sprint("member:", i))
	}
	ks := s.Env.Keys
	it := s.Client.DB.Lookup([]byte("z"), keyspace.ForWrite)
	it.Delete()
	if ks.Pending() != 1 {
		t.Errorf("%d values wait", ks.Pending())
	}
	slices := 0
	for !ks.Reclaim(time.Now()) {
		slices++
	}
	if slices < 200 {
		t.Errorf("given back in %d slices", slices)
	}
}
