package compat

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"granary/tests/live"
)

var flagAlone = flag.Int("alone", 100_000, "how many random commands TestAlone sends")

const (
	aloneClients = 4
	aloneRound   = 100_000 // commands between two audits
)

// TestAlone sends random histories to Granary alone, by several clients at once, so that many can be sent, and looks whether the books
// are right. From round to round compaction, freeing what is dead, eviction, snapshots and rewrites go on meanwhile, or do not.
//
//	go test ./tests/compat -run Alone -alone 100000000 -timeout 5h
func TestAlone(t *testing.T) {
	path, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	w, err := parseFamilies(*flagFamilies)
	if err != nil {
		t.Fatal(err)
	}
	p := &pair{paths: []string{"", path}, audit: true, defrag: true, dead: true}
	s, err := live.Start("granary", path, "--io-threads", "2")
	if err != nil {
		t.Fatal(err)
	}
	p.servers[1] = s
	defer p.stop()
	seed := *flagSeed
	if seed == 0 {
		seed = live.Seed(t)
	}
	r := rand.New(rand.NewPCG(seed, 0xa10e))
	if p.conns[1], err = s.Dial(); err != nil {
		t.Fatal(err)
	}
	p.conns[1].Timeout = time.Minute
	began := time.Now()
	most := 0
	for done := 0; done < *flagAlone; done += aloneRound {
		n := min(aloneRound, *flagAlone-done) / aloneClients
		p.stir, p.reclaim = r.IntN(4) == 0, r.IntN(4) == 0
		if err := p.always(); err != nil {
			t.Fatal(err)
		}
		setting := aloneSettings(r)
		for name, value := range setting {
			if reply, err := p.conns[1].Do("CONFIG", "SET", name, value); err != nil || reply.Kind == '-' {
				t.Fatalf("seed %d: CONFIG SET %s %s: %v %v", seed, name, value, reply, err)
			}
		}
		errs := make([]error, aloneClients)
		var all sync.WaitGroup
		for k := range aloneClients {
			h := w.history(seed, n)
			seed++
			all.Go(func() { errs[k] = sendAll(s, h, 2+k&1) })
		}
		if r.IntN(3) == 0 {
			for _, name := range []string{"BGSAVE", "BGREWRITEAOF"} { // one of the two is refused, or waits for the other
				if _, err := p.conns[1].Do(name); err != nil {
					t.Fatal(err)
				}
			}
		}
		all.Wait()
		for _, err := range errs {
			if err != nil {
				t.Fatalf("seeds %d to %d, %v: %v\n%s", seed-aloneClients, seed-1, setting, err, s.Log())
			}
		}
		if d, err := p.checkAudit(); err != nil || d != nil {
			t.Fatalf("seeds %d to %d, %v: %v %v\n%s", seed-aloneClients, seed-1, setting, d, err, s.Log())
		}
		keys, err := p.conns[1].Do("DBSIZE")
		if err != nil {
			t.Fatal(err)
		}
		k, _ := strconv.Atoi(keys.Str)
		most = max(most, k)
		if r.IntN(8) == 0 {
			if _, err := p.conns[1].Do("FLUSHALL", "ASYNC"); err != nil {
				t.Fatal(err)
			}
		}
	}
	took := time.Since(began)
	t.Logf("%d commands in %.0f s, %.0f per second; up to %d keys in database 0 at the end of a round", *flagAlone, took.Seconds(),
		float64(*flagAlone)/took.Seconds(), most)
}

// aloneSettings draws the settings of a round.
func aloneSettings(r *rand.Rand) map[string]string {
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	return map[string]string{
		"maxmemory":                  pick("0", "0", "4mb", "6mb", "12mb"),
		"maxmemory-policy":           pick("allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-ttl", "volatile-lru", "noeviction"),
		"appendonly":                 pick("no", "no", "yes"),
		"appendfsync":                pick("always", "everysec", "no"),
		"lazyfree-lazy-user-del":     pick("no", "yes"),
		"lazyfree-lazy-expire":       pick("no", "yes"),
		"list-compress-depth":        pick("0", "1"),
		"notify-keyspace-events":     pick("", "KEA"),
		"maxmemory-clients":          pick("0", "0", "2mb"),
		"memory-prefixes":            pick("yes"),
		"client-output-buffer-limit": pick("normal 0 0 0", "normal 1mb 0 0"),
	}
}

// sendAll sends a history and reads all replies. A client that is disconnected for a limit comes again.
func sendAll(s *live.Server, h []command, proto int) error {
	const batch = 400
	var c *live.Conn
	var raw []byte
	for from := 0; from < len(h); from += batch {
		if c == nil {
			var err error
			if c, err = s.Dial(); err != nil {
				return err
			}
			c.Timeout = time.Minute
			if _, err = c.Do("HELLO", strconv.Itoa(proto)); err != nil {
				return err
			}
		}
		part := h[from:min(from+batch, len(h))]
		go c.Write(request(part, 1))
		for _, x := range part {
			var err error
			if x.typ != nil {
				raw, err = c.ReadRaw(raw[:0])
			}
			if err == nil {
				raw, err = c.ReadRaw(raw[:0])
			}
			if err == nil {
				continue
			}
			if !s.Alive() {
				return fmt.Errorf("%v: %w", x.args(), err)
			}
			c.Close()
			c = nil
			break
		}
	}
	if c != nil {
		c.Close()
	}
	return nil
}
