package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"granary/tests/live"
)

const (
	savedKeys  = 4_000_000
	savedValue = 200
)

// saved is what was seen of one BGSAVE, and of the start behind it.
type saved struct {
	before, peak int64 // bytes of memory: of the process, and with all it has forked
	took         time.Duration
	load         float64 // seconds
	file         int64
	writes       int
	stall, own   time.Duration // the longest PING, and what of it the server did
	noise        time.Duration
}

// measureSave takes a snapshot while keys are overwritten at random as fast as the server takes them.
func measureSave(o *options, all []contender) (string, error) {
	var b strings.Builder
	n := o.scaled(savedKeys)
	fmt.Fprintf(&b, "%d keys of %d bytes; BGSAVE while one client overwrites them at random in pipelines of 16 as fast as the server takes it. "+
		"Memory is the proportional set size of the process and of all it has forked, ten times a second. The longest PING is that of a client that asks every half "+
		"millisecond; the machine's noise is the same at another redis-server, which does nothing. Loading is from the start of the process to the first command that "+
		"is served, the median of %d starts behind a SIGKILL.\n\n", n, savedValue, o.rounds)
	b.WriteString("| | memory before, MB | peak, MB | peak / before | save, s | writes/s meanwhile | file, MB | longest PING, ms | of which by the server, ms | machine's noise, ms | load, s |\n|---|---|---|---|---|---|---|---|---|---|---|\n")
	idle, err := startIdle(all)
	if err != nil {
		return "", err
	}
	defer idle.Stop()
	for _, c := range all {
		m, err := saveOne(o, c, idle, n)
		if err != nil {
			return "", fmt.Errorf("%s: %w", c.name, err)
		}
		line := fmt.Sprintf("| %s | %.0f | %.0f | %.3f | %.2f | %.0f | %.0f | %.2f | %.2f | %.2f | %.2f |\n", c.name,
			float64(m.before)/1e6, float64(m.peak)/1e6, float64(m.peak)/float64(m.before), m.took.Seconds(), float64(m.writes)/m.took.Seconds(),
			float64(m.file)/1e6, millis(m.stall), millis(m.own), millis(m.noise), m.load)
		fmt.Print(line)
		b.WriteString(line)
	}
	return b.String(), nil
}

// savedBody is what values are cut from: half of it repeats, as text does.
var savedBody = func() string {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for b.Len() < 4096 {
		fmt.Fprintf(&b, "field%d=%08x;", r.IntN(20), r.Uint32())
	}
	return b.String()
}()

func savedRequest(dst []byte, key, at int) []byte {
	at %= len(savedBody) - savedValue
	return appendWord(appendNumbered(appendWord(appendHead(dst, 3), "SET"), "key:", 14, key), savedBody[at:at+savedValue])
}

func saveOne(o *options, c contender, idle *live.Server, n int) (m saved, err error) {
	s, err := live.Start(c.name, c.path)
	if err != nil {
		return m, err
	}
	defer s.Stop()
	if err := fill(s, n, func(dst []byte, i int) []byte { return savedRequest(dst, i, i*37) }); err != nil {
		return m, err
	}
	time.Sleep(2 * time.Second) // what loading left is given back
	quit, stop := make(chan struct{}), make(chan struct{})
	wrote := make(chan writes, 1)
	go func() { wrote <- overwrite(s, n, stop) }()
	time.Sleep(500 * time.Millisecond)
	if m.before, err = memoryOf(s.Pid()); err != nil {
		return m, err
	}
	probe, noise := make(chan *pauses, 1), make(chan *pauses, 1)
	const nap = 500 * time.Microsecond
	go func() { probe <- probePing(s, nap, quit) }()
	go func() { noise <- probePing(idle, nap, quit) }()
	err = m.save(s)
	close(quit)
	close(stop)
	p, q, w := <-probe, <-noise, <-wrote
	for _, e := range []error{err, p.err, q.err, w.err} {
		if e != nil {
			return m, e
		}
	}
	m.stall, m.own, m.noise, m.writes = p.longest, p.served, q.longest, w.during(m.took)
	if st, err := os.Stat(filepath.Join(s.Dir, "dump.rdb")); err == nil {
		m.file = st.Size()
	}
	var loads []float64
	for running := s; len(loads) < o.rounds; {
		if err := running.Kill(time.Minute); err != nil {
			return m, err
		}
		began := time.Now()
		if running, err = live.Start(c.name, c.path, "--dir", s.Dir); err != nil {
			return m, err
		}
		defer running.Stop()
		loads = append(loads, time.Since(began).Seconds())
		if have, err := infoField(running, "keyspace", "db0"); err != nil || !strings.HasPrefix(have, "keys="+strconv.Itoa(n)+",") {
			return m, fmt.Errorf("%q was loaded of %d keys (%v)", have, n, err)
		}
	}
	m.load = median(loads)
	return m, nil
}

// save does BGSAVE and looks at memory until it is over.
func (m *saved) save(s *live.Server) error {
	c, err := s.Dial()
	if err != nil {
		return err
	}
	defer c.Close()
	c.Timeout = time.Minute
	began := time.Now()
	if r, err := c.Do("BGSAVE"); err != nil || r.Kind == '-' {
		return fmt.Errorf("BGSAVE: %v %s", err, r.Str)
	}
	for next := began; ; time.Sleep(5 * time.Millisecond) {
		if now := time.Now(); now.After(next) {
			next = now.Add(100 * time.Millisecond)
			n, err := memoryOf(s.Pid())
			if err != nil {
				return err
			}
			m.peak = max(m.peak, n)
		}
		running, err := infoField(s, "persistence", "rdb_bgsave_in_progress")
		if err != nil {
			return err
		}
		if running == "0" {
			m.took = time.Since(began)
			break
		}
	}
	if ok, err := infoField(s, "persistence", "rdb_last_bgsave_status"); err != nil || ok != "ok" {
		return fmt.Errorf("BGSAVE ended with %s (%v)", ok, err)
	}
	return nil
}

// writes is what overwrite did.
type writes struct {
	n    int
	took time.Duration
	err  error
}

// during returns how many there were in a time.
func (w *writes) during(d time.Duration) int {
	return int(float64(w.n) * d.Seconds() / w.took.Seconds())
}

// overwrite sets keys at random until stop.
func overwrite(s *live.Server, n int, stop chan struct{}) (w writes) {
	c, err := s.Dial()
	if err != nil {
		return writes{err: err}
	}
	defer c.Close()
	c.Timeout = time.Minute
	r := rand.New(rand.NewPCG(3, 4))
	const depth = 16
	var out, reply []byte
	began := time.Now()
	for {
		select {
		case <-stop:
			w.took = time.Since(began)
			return w
		default:
		}
		out = out[:0]
		for range depth {
			out = savedRequest(out, r.IntN(n), r.IntN(1<<20))
		}
		if _, w.err = c.Write(out); w.err != nil {
			return w
		}
		for range depth {
			if reply, w.err = c.ReadRaw(reply[:0]); w.err != nil {
				return w
			}
		}
		w.n += depth
	}
}

// memoryOf returns the proportional set size of a process and of its children.
func memoryOf(pid int) (sum int64, err error) {
	if sum, err = pss(pid); err != nil {
		return 0, err
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return sum, nil
	}
	for _, word := range strings.Fields(string(b)) {
		child, err := strconv.Atoi(word)
		if err != nil {
			continue
		}
		if n, err := pss(child); err == nil { // it may have ended
			sum += n
		}
	}
	return sum, nil
}

func pss(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, err
	}
	_, rest, ok := strings.Cut(string(b), "\nPss:")
	if !ok {
		return 0, fmt.Errorf("no Pss of process %d", pid)
	}
	n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	return n * 1024, err
}
