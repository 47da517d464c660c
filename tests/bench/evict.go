package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"granary/tests/live"
)

// What eviction costs, and how well it chooses.
//
// Hit rate: one client reads keys in a zipfian order and sets those that it misses, as users of a cache do. All servers get the same
// requests. A second run gives Granary the maxmemory with which it takes no more resident memory than redis-server did.
//
// Waits: one client sets new keys, one at a time, with room for all of them, and then with maxmemory reached, so that each
// of them has another key evicted.
//
// CPU time: many clients do the same in pipelines.
const (
	cacheMemory   = 128 << 20
	cacheKeys     = 4_000_000 // asked for; a fifth of them fits
	cacheRequests = 6_000_000
	cacheValue    = 100
	cacheSkew     = 1.01

	waitRounds = 3
	waitSets   = 100_000
	waitMemory = 48 << 20
)

func measureEvict(o *options, all []contender) (string, error) {
	var b strings.Builder
	if err := measureHits(o, all, &b); err != nil {
		return "", err
	}
	b.WriteString("\n")
	if err := measureEvictWaits(o, all, &b); err != nil {
		return "", err
	}
	b.WriteString("\n")
	if err := measureEvictCPU(o, all, &b); err != nil {
		return "", err
	}
	return b.String(), nil
}

// hits is what one run of the cache was like.
type hits struct {
	rate      float64
	keys, rss int64
	evicted   int64
	seconds   float64
}

func (h *hits) row(name string, maxmemory int64) string {
	return fmt.Sprintf("| %s | %.1f | %.2f | %d | %.1f | %d | %.1f |\n", name, float64(maxmemory)/(1<<20), 100*h.rate, h.keys, float64(h.rss)/(1<<20), h.evicted, h.seconds)
}

func measureHits(o *options, all []contender, b *strings.Builder) error {
	memory := int64(max(o.scale, 0.25) * cacheMemory)
	fmt.Fprintf(b, "A cache under allkeys-lru: %d GETs in pipelines of 32, of %d keys by Zipf's law (exponent %.2f), a SET of %d bytes for each miss. The hit rate is that of the "+
		"second half.\n\n", o.scaled(cacheRequests), o.scaled(cacheKeys), cacheSkew, cacheValue)
	b.WriteString("| | maxmemory, MB | hit rate, % | keys at the end | RSS, MB | evicted | seconds |\n|---|---|---|---|---|---|---|\n")
	var mine, theirs *hits
	for _, c := range all {
		h, err := cacheRun(o, c, memory)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		line := h.row(c.name, memory)
		fmt.Print(line)
		b.WriteString(line)
		switch c.name {
		case all[0].name:
			mine = h
		case all[1].name:
			theirs = h
		}
	}
	same := memory + (theirs.rss-mine.rss)*95/100
	h, err := cacheRun(o, all[0], same)
	if err != nil {
		return err
	}
	line := h.row(all[0].name+", RSS as "+all[1].name, same)
	fmt.Print(line)
	b.WriteString(line)
	return nil
}

// cacheRun plays the cache against one server.
func cacheRun(o *options, c contender, maxmemory int64) (*hits, error) {
	s, err := live.Start(c.name, c.path, "--save", "", "--maxmemory", strconv.FormatInt(maxmemory, 10), "--maxmemory-policy", "allkeys-lru")
	if err != nil {
		return nil, err
	}
	defer s.Stop()
	conn, err := s.Dial()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	rnd := rand.New(rand.NewPCG(1, 2))
	n := o.scaled(cacheKeys)
	zipf := rand.NewZipf(rnd, cacheSkew, 1, uint64(n-1))
	const deep = 32
	var ids [deep]int
	var buf, reply []byte
	h := new(hits)
	total := o.scaled(cacheRequests) / deep
	asked, hit := 0, 0
	began := time.Now()
	for i := range total {
		buf = buf[:0]
		for k := range ids {
			ids[k] = int(zipf.Uint64())
			buf = appendNumbered(appendWord(appendHead(buf, 2), "GET"), "key:", 16, ids[k])
		}
		if _, err := conn.Write(buf); err != nil {
			return nil, err
		}
		buf = buf[:0]
		missed := 0
		for k := range ids {
			if reply, err = conn.ReadRaw(reply[:0]); err != nil {
				return nil, err
			}
			if reply[1] == '-' { // $-1
				missed++
				buf = appendWord(appendNumbered(appendWord(appendHead(buf, 3), "SET"), "key:", 16, ids[k]), value100)
			}
		}
		if i >= total/2 {
			asked += deep
			hit += deep - missed
		}
		if _, err := conn.Write(buf); err != nil {
			return nil, err
		}
		for range missed {
			if reply, err = conn.ReadRaw(reply[:0]); err != nil || reply[0] != '+' {
				return nil, fmt.Errorf("SET: %s %v", reply, err)
			}
		}
	}
	h.seconds = time.Since(began).Seconds()
	h.rate = float64(hit) / float64(asked)
	if h.rss, err = residentBytes(s.Pid()); err != nil {
		return nil, err
	}
	if h.evicted, err = infoInt(s, "stats", "evicted_keys"); err != nil {
		return nil, err
	}
	r, err := conn.Do("DBSIZE")
	if err != nil {
		return nil, err
	}
	h.keys, err = strconv.ParseInt(r.Str, 10, 64)
	return h, err
}

// value100 is what is set.
var value100 = strings.Repeat("v", cacheValue)

func measureEvictWaits(o *options, all []contender, b *strings.Builder) error {
	n := o.scaled(waitSets)
	fmt.Fprintf(b, "%d SETs of new keys (100 bytes), one after the other, with room for all of them and then at maxmemory (allkeys-lru), where each evicts. Microseconds, "+
		"the medians of %d rounds: p99.9 of the wait for the reply; and of the part of it that the server worked, without the time that the client and the server were kept from running.\n\n", n, waitRounds)
	b.WriteString("| | wait, with room | wait, evicting | ratio | served, with room | served, evicting | ratio |\n|---|---|---|---|---|---|---|\n")
	for _, c := range all {
		var v [4][]float64
		for range waitRounds {
			free, full, err := waitRun(c, n)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			for i, d := range [4]time.Duration{p999(free.waits), p999(full.waits), p999(free.served), p999(full.served)} {
				v[i] = append(v[i], float64(d)/1000)
			}
		}
		m := func(i int) float64 { return median(v[i]) }
		line := fmt.Sprintf("| %s | %.0f | %.0f | %.2f | %.0f | %.0f | %.2f |\n", c.name, m(0), m(1), m(1)/m(0), m(2), m(3), m(3)/m(2))
		fmt.Print(line)
		b.WriteString(line)
	}
	return nil
}

// measureEvictCPU compares what SETs take that have other keys evicted.
func measureEvictCPU(o *options, all []contender, b *strings.Builder) error {
	servers, stop, err := startAll(all)
	if err != nil {
		return err
	}
	defer stop()
	for _, s := range servers {
		if err := do(s, "CONFIG", "SET", "maxmemory", strconv.Itoa(cacheMemory), "maxmemory-policy", "allkeys-lru"); err != nil {
			return err
		}
		if err := fill(s, cacheMemory/cacheValue, func(dst []byte, i int) []byte {
			return appendWord(appendNumbered(appendWord(appendHead(dst, 3), "SET"), "old:", 16, i), value100)
		}); err != nil {
			return err
		}
	}
	table, err := measureRows(o, all, servers, []row{{
		name: "SET of new keys", command: []string{"SET", "key:__rand_int__", value100},
		requests: 100_000, depths: all3, random: 1_000_000_000,
	}})
	if err != nil {
		return err
	}
	for _, s := range servers {
		if evicted, err := infoInt(s, "stats", "evicted_keys"); err != nil || evicted < int64(o.scaled(100_000)) {
			return fmt.Errorf("%s evicted %d keys, %v", s.Name, evicted, err)
		}
	}
	fmt.Fprintf(b, "SETs of new keys (100 bytes) at a maxmemory of %d MB (allkeys-lru), each of which evicts: CPU time of the server per operation in microseconds, and "+
		"operations per second in thousands, the medians of %d rounds.\n\n%s", cacheMemory>>20, o.rounds, table)
	return nil
}

func p999(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)*999/1000]
}

// laps are the times of many requests, one after the other.
type laps struct{ waits, served []time.Duration }

// waitRun returns how long SETs took with room and without.
func waitRun(c contender, n int) (free, full *laps, err error) {
	s, err := live.Start(c.name, c.path, "--save", "", "--maxmemory-policy", "allkeys-lru")
	if err != nil {
		return nil, nil, err
	}
	defer s.Stop()
	if err := fill(s, waitMemory/200, func(dst []byte, i int) []byte {
		return appendWord(appendNumbered(appendWord(appendHead(dst, 3), "SET"), "old:", 16, i), value100)
	}); err != nil {
		return nil, nil, err
	}
	if free, err = lapSets(s, n, "free:"); err != nil {
		return nil, nil, err
	}
	used, err := infoInt(s, "memory", "used_memory")
	if err != nil {
		return nil, nil, err
	}
	if err := do(s, "CONFIG", "SET", "maxmemory", strconv.FormatInt(used, 10)); err != nil {
		return nil, nil, err
	}
	if full, err = lapSets(s, n, "full:"); err != nil {
		return nil, nil, err
	}
	if evicted, err := infoInt(s, "stats", "evicted_keys"); err != nil || evicted < int64(n/2) {
		return nil, nil, fmt.Errorf("%d keys evicted, %v", evicted, err)
	}
	return free, full, nil
}

// lapSets sets n keys, as probe sends PING.
func lapSets(s *live.Server, n int, prefix string) (*laps, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	nc, err := net.Dial("tcp", s.Addr)
	if err != nil {
		return nil, err
	}
	file, err := nc.(*net.TCPConn).File()
	nc.Close()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	fd := int(file.Fd()) // from here on it blocks
	own, err := openSchedstat("/proc/thread-self")
	if err != nil {
		return nil, err
	}
	defer own.file.Close()
	server := threads{pid: s.Pid()}
	defer server.close()
	var buf []byte
	reply := make([]byte, 64)
	l := new(laps)
	for i := range n {
		buf = appendWord(appendNumbered(appendWord(appendHead(buf[:0], 3), "SET"), prefix, 16, i), value100)
		if _, _, err := server.look(); err != nil {
			return nil, err
		}
		if err := own.look(); err != nil {
			return nil, err
		}
		began := time.Now()
		if _, err := syscall.Write(fd, buf); err != nil {
			return nil, err
		}
		k, err := syscall.Read(fd, reply)
		wait := time.Since(began)
		if err == nil && string(reply[:k]) != "+OK\r\n" {
			err = fmt.Errorf("SET is answered %q", reply[:k])
		}
		if err != nil {
			return nil, err
		}
		ran, delayed, err := server.look()
		if err != nil {
			return nil, err
		}
		if err := own.look(); err != nil {
			return nil, err
		}
		l.waits = append(l.waits, wait)
		l.served = append(l.served, max(0, min(ran, wait-delayed-own.newDelayed)))
	}
	return l, nil
}
