package crash

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"granary/tests/live"
)

// taken is a snapshot that was taken of a server at work.
type taken struct {
	asked, begun time.Time // between these two it began
	digest       string    // of what there was at that moment, "": not known
}

// take saves in the background, and waits until that is over. The digests before and behind are asked for at once with it, so mostly
// nothing comes in between, and if they are equal nothing did.
func take(c *live.Conn) (x taken, err error) {
	x.asked = time.Now()
	r, err := pipeline(c, [][]string{{"DEBUG", "DIGEST"}, {"BGSAVE"}, {"DEBUG", "DIGEST"}})
	if err != nil {
		return x, err
	}
	x.begun = time.Now()
	if r[1].Str != "Background saving started" {
		return x, fmt.Errorf("BGSAVE answered %s", r[1])
	}
	if r[0].Str == r[2].Str {
		x.digest = r[0].Str
	}
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		r, err := c.Do("INFO", "persistence")
		if err != nil {
			return x, err
		}
		if field(r.Str, "rdb_bgsave_in_progress") == "0" {
			if got := field(r.Str, "rdb_last_bgsave_status"); got != "ok" {
				return x, fmt.Errorf("BGSAVE ended with %s", got)
			}
			return x, nil
		}
		if time.Now().After(deadline) {
			return x, fmt.Errorf("the save does not end: %s", r.Str)
		}
	}
}

// restore starts another server from a copy of a snapshot.
func restore(t *testing.T, bin, dump string) (*live.Server, *live.Conn) {
	t.Helper()
	dir := t.TempDir()
	from, err := os.Open(dump)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.Create(filepath.Join(dir, "dump.rdb"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := start(bin, "--dir", dir, "--databases", "32")
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Dial()
	if err != nil {
		end(s)
		t.Fatal(err)
	}
	return s, c
}

// TestPairs takes snapshots while linked keys are written in transactions and scripts, renamed, exchanged with their database,
// deleted, and while they expire. What another server has of a snapshot has to be what there was at one moment, between BGSAVE and
// its answer. Of two keys that expire at the same time, nobody ever sees one without the other, in one transaction.
func TestPairs(t *testing.T) {
	bin, seed := granary(t), live.Seed(t)
	began := time.Now()
	n := 0
	for k := 0; n < *snapshots && !t.Failed(); k++ {
		h := newHouse(seed+uint64(k), bin, t.TempDir(), nil, &Tally{})
		h.on = false
		for i, word := range h.conf {
			if word == "--save" {
				h.conf = h.conf[:i] // by BGSAVE only
				break
			}
		}
		s, err := h.inhabit(false)
		if err != nil {
			t.Fatal(err)
		}
		x := h.write(s)
		c, err := s.Dial()
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			time.Sleep(time.Duration(h.rng.IntN(40)) * time.Millisecond)
			acked := h.hist.ackedBy(time.Now())
			snap, err := take(c)
			if err != nil {
				t.Fatal(err)
			}
			n++
			s2, c2 := restore(t, bin, filepath.Join(h.dir, "dump.rdb"))
			if err := h.moment(c2, snap, acked); err != nil {
				t.Errorf("snapshot %d: %v\nto repeat: GRANARY_SEED=%d go test -run %s", n, err, seed, t.Name())
			}
			c2.Close()
			end(s2)
		}
		c.Close()
		at := time.Now()
		if err := end(s); err != nil {
			t.Error(err)
		}
		if err := x.over(at, false, nil, false); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%v: %d snapshots", time.Since(began).Round(time.Second), n)
}

// moment checks that a server has what there was at one moment.
func (h *house) moment(c *live.Conn, snap taken, floor []int) error {
	got, has := make([]int, writers), make([]*state, writers)
	before := time.Now().UnixMilli()
	for w := range got {
		var err error
		if has[w], err = readState(c, w); err != nil {
			return fmt.Errorf("writer %d: %w", w, err)
		}
		got[w] = has[w].seq
	}
	after := time.Now().UnixMilli()
	h.hist.mu.Lock()
	defer h.hist.mu.Unlock()
	r := h.hist.last()
	if err := h.hist.fits(r, got, floor); err != nil {
		return err
	}
	for w, n := range got {
		l := &h.hist.runs[r].done[w]
		if i := n - l.first; i >= 0 && l.sent[i].After(snap.begun) {
			return fmt.Errorf("op %d of writer %d is there, which was sent behind the beginning", n, w)
		}
		if err := differ(has[w], h.hist.stateAt(r, w, n), before, after); err != nil {
			return fmt.Errorf("writer %d: %w", w, err)
		}
	}
	return nil
}

// TestPairsEvicted takes snapshots of a server that evicts. It evicts keys, not pairs, so a half may be gone; but a snapshot has
// exactly the keys of its moment, by their digest, and never halves of different transactions.
func TestPairsEvicted(t *testing.T) {
	bin, seed := granary(t), live.Seed(t)
	began := time.Now()
	n, known, halves := 0, 0, 0
	var evicted int64
	for k, policy := range []string{"allkeys-lru", "allkeys-random", "volatile-lfu", "allkeys-lfu"} {
		rng := rand.New(rand.NewPCG(seed, uint64(100+k)))
		dir := t.TempDir()
		s, err := start(bin, "--dir", dir, "--databases", "32", "--maxmemory-policy", policy, "--rdb-key-save-delay", strconv.Itoa(rng.IntN(20)))
		if err != nil {
			t.Fatal(err)
		}
		c, err := s.Dial()
		if err != nil {
			t.Fatal(err)
		}
		limit(t, c)
		stop := make(chan struct{})
		var all sync.WaitGroup
		var wrote atomic.Int64
		for w := range writers {
			rng := rand.New(rand.NewPCG(seed, uint64(200+10*k+w)))
			all.Go(func() { writePairs(s, rng, policy, stop, &wrote) })
		}
		for range (*snapshots + 3) / 4 {
			time.Sleep(time.Duration(rng.IntN(60)) * time.Millisecond)
			snap, err := take(c)
			if err != nil {
				t.Fatal(err)
			}
			n++
			s2, c2 := restore(t, bin, filepath.Join(dir, "dump.rdb"))
			if snap.digest != "" {
				known++
				if r, err := c2.Do("DEBUG", "DIGEST"); err != nil || r.Str != snap.digest {
					t.Errorf("%s: snapshot %d has digest %s (%v), and at its beginning there was %s\nto repeat: GRANARY_SEED=%d go test -run %s",
						policy, n, r.Str, err, snap.digest, seed, t.Name())
				}
			}
			h, err := lookAtPairs(c2)
			if err != nil {
				t.Errorf("%s: snapshot %d: %v", policy, n, err)
			}
			halves += h
			c2.Close()
			end(s2)
		}
		r, err := c.Do("INFO", "stats")
		if err != nil {
			t.Fatal(err)
		}
		if number(field(r.Str, "evicted_keys")) == 0 {
			t.Errorf("%s: nothing was evicted, of %d pairs written", policy, wrote.Load())
		}
		evicted += number(field(r.Str, "evicted_keys"))
		close(stop)
		all.Wait()
		c.Close()
		end(s)
	}
	if known < n/8 { // a busy machine hands requests over in parts
		t.Errorf("of %d snapshots the digest is known of %d only", n, known)
	}
	t.Logf("%v: %d snapshots, %d compared by digest; %d keys were evicted, %d pairs had one key left", time.Since(began).Round(time.Second), n, known, evicted, halves)
}

// limit leaves a server two megabytes for data.
func limit(t *testing.T, c *live.Conn) {
	t.Helper()
	r, err := c.Do("INFO", "memory")
	if err != nil {
		t.Fatal(err)
	}
	if r, err = c.Do("CONFIG", "SET", "maxmemory", strconv.FormatInt(number(field(r.Str, "used_memory"))+2<<20, 10)); err != nil || r.Kind != '+' {
		t.Fatal(r, err)
	}
}

const manyPairs = 20000

// writePairs writes pairs until it is over.
func writePairs(s *live.Server, rng *rand.Rand, policy string, stop chan struct{}, wrote *atomic.Int64) {
	c, err := s.Dial()
	if err != nil {
		return
	}
	defer c.Close()
	for {
		select {
		case <-stop:
			return
		default:
		}
		i, v := strconv.Itoa(rng.IntN(manyPairs)), strconv.FormatUint(rng.Uint64(), 36)+strings.Repeat("x", rng.IntN(300))
		l, r := "p:"+i+":l", "p:"+i+":r"
		list := [][]string{{"MULTI"}, {"SET", l, v}, {"SET", r, v}, {"EXEC"}}
		switch {
		case strings.HasPrefix(policy, "volatile"): // an end in 2100: it never comes, but the keys may be evicted
			list[1], list[2] = append(list[1], "PXAT", "4102444800000"), append(list[2], "PXAT", "4102444800000")
		case rng.IntN(3) == 0:
			list = [][]string{{"EVAL", script, "0", "3", "SET", l, v, "3", "SET", r, v}}
		case rng.IntN(3) == 0:
			list = [][]string{{"MSET", l, v, r, v}}
		}
		if _, err := pipeline(c, list); err != nil {
			return
		}
		wrote.Add(1)
	}
}

// lookAtPairs looks at all pairs, and returns of how many one key is gone.
func lookAtPairs(c *live.Conn) (halves int, err error) {
	const step = 1000
	for from := 0; from < manyPairs; from += step {
		words := []string{"MGET"}
		for i := from; i < from+step; i++ {
			words = append(words, fmt.Sprintf("p:%d:l", i), fmt.Sprintf("p:%d:r", i))
		}
		r, err := c.Do(words...)
		if err != nil {
			return halves, err
		}
		for i := 0; i < len(r.Elems); i += 2 {
			l, r := r.Elems[i], r.Elems[i+1]
			switch {
			case l.Null != r.Null:
				halves++
			case l.Str != r.Str:
				return halves, fmt.Errorf("pair %d is of two transactions: %.20q and %.20q", from+i/2, l.Str, r.Str)
			}
		}
	}
	return halves, nil
}
