package crash

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"granary/tests/live"
)

const writers = 4

// house is a directory in which servers live and die.
type house struct {
	rng    *rand.Rand
	seed   uint64
	bin    string
	dir    string
	disk   *Disk // nil: dir is on a real file system
	events chan string
	conf   []string
	policy string // appendfsync
	saves  bool   // there are save points, so SHUTDOWN saves
	hist   *History

	on       bool // appendonly, as the next start has it
	counted  bool // at the last end the log counted
	aof, rdb Source

	tally *Tally
	log   []string // what was done, for reports
	logMu sync.Mutex
}

// Tally counts what was done in all directories.
type Tally struct {
	Kills, StartKills, Cuts, Torn, Refused, Holes, Ends, Toggles, Saves, Rewrites, Ops, Lost atomic.Int64

	oldest atomic.Int64 // ns between an answer and the end of the run, of the oldest op that was lost
}

// String is a report.
func (t *Tally) String() string {
	return fmt.Sprintf("%d kills while serving, %d at start, %d failures of power; %d ends in good order; %d saves and %d rewrites begun, %d switches of appendonly; "+
		"%d tails torn, %d starts refused and repaired, %d strings with holes; %d ops answered, %d of them lost as appendfsync allows, the oldest %.2f s before the last answer",
		t.Kills.Load(), t.StartKills.Load(), t.Cuts.Load(), t.Ends.Load(), t.Saves.Load(), t.Rewrites.Load(), t.Toggles.Load(),
		t.Torn.Load(), t.Refused.Load(), t.Holes.Load(), t.Ops.Load(), t.Lost.Load(), time.Duration(t.oldest.Load()).Seconds())
}

func (h *house) note(format string, args ...any) {
	h.logMu.Lock()
	defer h.logMu.Unlock()
	h.log = append(h.log, time.Now().Format(clock)+" "+fmt.Sprintf(format, args...))
}

// newHouse chooses how servers are configured in a directory.
func newHouse(seed uint64, bin, dir string, disk *Disk, tally *Tally) *house {
	rng := rand.New(rand.NewPCG(seed, 2))
	pick := func(words ...string) string { return words[rng.IntN(len(words))] }
	h := &house{rng: rng, seed: seed, bin: bin, dir: dir, disk: disk, tally: tally, hist: NewHistory(writers), events: make(chan string, 256)}
	h.on = rng.IntN(4) > 0
	h.policy = pick("always", "always", "everysec", "everysec", "no")
	h.conf = []string{
		"--dir", "", "--databases", "32", "--appendfsync", h.policy, // the directory is filled in at a start
		"--aof-use-rdb-preamble", pick("yes", "yes", "no"), "--rdbcompression", pick("yes", "no"), "--rdbchecksum", pick("yes", "no"),
		"--auto-aof-rewrite-min-size", pick("20kb", "100kb", "64mb"), "--auto-aof-rewrite-percentage", pick("10", "100"),
		"--rdb-key-save-delay", pick("0", "0", "500", "3000"), "--aof-timestamp-enabled", pick("yes", "no", "no"),
		"--aof-rewrite-incremental-fsync", pick("yes", "no"),
	}
	if h.saves = rng.IntN(2) == 0; h.saves {
		h.conf = append(h.conf, "--save", pick("1 1", "1 100", "3600 1"))
	}
	none := make([]int, writers)
	h.aof, h.rdb = Source{0, none}, Source{0, none}
	h.note("appendonly %v, %s", h.on, strings.Join(h.conf, " "))
	if disk != nil {
		disk.told = h.tell
	}
	return h
}

// tell passes on that a name has changed. It waits for nobody.
func (h *house) tell(name string) {
	select {
	case h.events <- name:
	default:
	}
}

// args returns the command line.
func (h *house) args() []string {
	on := "no"
	if h.on {
		on = "yes"
	}
	args := append([]string{}, h.conf...)
	args[1] = h.dir
	return append(args, "--appendonly", on)
}

// source is the file that is loaded at a start.
func (h *house) source() *Source {
	if h.on {
		return &h.aof
	}
	return &h.rdb
}

// inhabit starts a server and looks at what it has. damaged is whether files may have been damaged beyond what a start mends.
func (h *house) inhabit(damaged bool) (*live.Server, error) {
	s, err := start(h.bin, h.args()...)
	if err != nil && damaged && plainly.MatchString(err.Error()) {
		h.note("refused: %s", plainly.FindString(err.Error()))
		h.tally.Refused.Add(1)
		if err := h.repair(); err != nil {
			return nil, err
		}
		if h.disk != nil {
			h.disk.Settle() // who repairs a file by hand waits until it is on the disk
		}
		s, err = start(h.bin, h.args()...)
	}
	if err != nil {
		return nil, err
	}
	if err := h.look(s, damaged); err != nil {
		text := s.Log()
		end(s)
		return nil, fmt.Errorf("%w\n%s", err, text)
	}
	return s, nil
}

// plainly is what a server says that does not start because a file is damaged.
var plainly = regexp.MustCompile(`Bad file format reading the append only file .*|Unexpected end of file reading the append only file .*|Error reading the append only file .*|the truncated file is not the last file`)

// repair does what the server says. A file that is damaged behind what was synced is the last one that has anything, and what is
// behind it is taken out of the manifest; but for appendfsync no, which says nothing about what comes to the disk when.
func (h *house) repair() error {
	path := filepath.Join(h.dir, "appendonlydir", "appendonly.aof.manifest")
	if _, err := checkAOF(path); err == nil {
		return nil
	}
	manifest, e := os.ReadFile(path)
	if e != nil {
		return e
	}
	lines := strings.SplitAfter(strings.TrimSuffix(string(manifest), "\n"), "\n")
	for len(lines) > 1 {
		name := strings.Fields(lines[len(lines)-1])[1]
		if st, e := os.Stat(filepath.Join(filepath.Dir(path), name)); e != nil || st.Size() > 0 {
			break
		}
		lines = lines[:len(lines)-1]
	}
	if e := os.WriteFile(path, []byte(strings.TrimSuffix(strings.Join(lines, ""), "\n")+"\n"), 0o644); e != nil {
		return e
	}
	out, err := checkAOF(path)
	if err == nil {
		return nil
	}
	if h.policy == "no" {
		return errOver
	}
	return fmt.Errorf("redis-check-aof: %w\n%s", err, out)
}

func checkAOF(manifest string) (out []byte, err error) {
	cmd := exec.Command("redis-check-aof", "--fix", manifest)
	cmd.Stdin = strings.NewReader("y\ny\ny\n")
	return cmd.CombinedOutput()
}

// look compares what a server has loaded with the history, and begins a new run.
func (h *house) look(s *live.Server, damaged bool) error {
	c, err := s.Dial()
	if err != nil {
		return err
	}
	defer c.Close()
	src := h.source()
	got, start := make([]int, writers), make([]*state, writers)
	has := make([]*state, writers)
	before := time.Now().UnixMilli()
	for w := range got {
		if has[w], err = readState(c, w); err != nil {
			return fmt.Errorf("writer %d: %w", w, err)
		}
		got[w] = has[w].seq
	}
	after := time.Now().UnixMilli()
	r, err := h.hist.find(got, *src)
	if err != nil {
		return err
	}
	for w := range got {
		start[w] = h.hist.stateAt(r, w, got[w])
		err := differ(has[w], start[w], before, after)
		if d := (*difference)(nil); errors.As(err, &d) && damaged && d.hole() && (r != src.run || got[w] > src.floor[w]) {
			h.note("a hole: %v", err)
			h.tally.Holes.Add(1)
			return errOver
		}
		if err != nil {
			return fmt.Errorf("writer %d: %w", w, err)
		}
	}
	for try := 0; ; try++ {
		d, rep, err := live.Audit(c)
		if err == nil && d == 0 {
			break
		}
		if try == 10 {
			return fmt.Errorf("MEMORY AUDIT: difference %d, error %v: %s", d, err, rep)
		}
		time.Sleep(100 * time.Millisecond)
	}
	h.countLost(r, got)
	h.note("run %d begins with %v, of run %d", h.hist.last()+1, got, r)
	h.hist.begin(got, start)
	*src = Source{h.hist.last(), got}
	return nil
}

// errOver says that a directory is at its end, as it may be: a long string that nobody was promised has zeros in it, of which the log
// knows nothing, or the log cannot be repaired.
var errOver = errors.New("the directory is at its end")

// countLost counts what was answered and is not there.
func (h *house) countLost(r int, got []int) {
	if r != h.hist.last() || !h.counted {
		return
	}
	end := h.ended()
	for w, l := range h.hist.runs[r].done {
		for i, at := range l.acked {
			if at.IsZero() || l.first+i <= got[w] {
				continue
			}
			h.tally.Lost.Add(1)
			if age := end.Sub(at).Nanoseconds(); age > h.tally.oldest.Load() {
				h.tally.oldest.Store(age)
			}
		}
	}
}

// ended returns when the last answer of the run came.
func (h *house) ended() (t time.Time) {
	for _, l := range h.hist.runs[h.hist.last()].done {
		for _, at := range l.acked {
			if at.After(t) {
				t = at
			}
		}
	}
	return t
}

// session is a server at work.
type session struct {
	h    *house
	s    *live.Server
	stop chan struct{} // closed when it is over
	all  sync.WaitGroup

	mu      sync.Mutex
	counts  bool      // the log counts: it is on, and its first rewrite is over
	until   time.Time // not zero: what was answered behind it needs not be in the log
	asked   time.Time // not zero: SHUTDOWN was sent
	saves   bool      // one that saves
	failure error     // of a writer: an answer that cannot be
	failAt  time.Time
}

func (x *session) fail(err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.failure == nil {
		x.failure, x.failAt = err, time.Now()
	}
}

// write has writers write until the server is gone.
func (h *house) write(s *live.Server) *session {
	x := &session{h: h, s: s, stop: make(chan struct{}), counts: h.on}
	for w := range writers {
		rng := rand.New(rand.NewPCG(h.rng.Uint64(), uint64(w)))
		x.all.Go(func() { x.write(w, rng) })
	}
	return x
}

// work does the same, and has somebody disturb them.
func (h *house) work(s *live.Server) *session {
	x := h.write(s)
	rng := rand.New(rand.NewPCG(h.rng.Uint64(), 99))
	x.all.Go(func() { x.disturb(rng) })
	return x
}

// write is a writer: up to four ops at once, and then their answers.
func (x *session) write(w int, rng *rand.Rand) {
	c, err := x.s.Dial()
	if err != nil {
		return
	}
	defer c.Close()
	for {
		select {
		case <-x.stop:
			return
		default:
		}
		ops := x.h.hist.send(w, func(first int) []op {
			list := make([]op, 1+rng.IntN(4))
			for i := range list {
				list[i] = newOp(rng, first+i, time.Now().UnixMilli())
			}
			return list
		})
		var b []byte
		for _, o := range ops {
			for _, r := range o.requests(w) {
				b = live.AppendCommand(b, r...)
			}
		}
		if err := c.SetWriteDeadline(time.Now().Add(20 * time.Second)); err != nil {
			return
		}
		if _, err := c.Write(b); err != nil {
			return
		}
		for _, o := range ops {
			var raw []byte
			for range o.requests(w) {
				if raw, err = c.ReadRaw(raw[:0]); err != nil {
					return
				}
			}
			if raw[0] == '-' {
				x.fail(fmt.Errorf("op %d of writer %d is answered %q", o.n, w, raw))
				return
			}
			x.h.hist.ack(w, o.n)
			x.h.tally.Ops.Add(1)
		}
		if rng.IntN(20) == 0 {
			time.Sleep(time.Duration(rng.IntN(3000)) * time.Microsecond)
		}
	}
}

// disturb saves, rewrites and switches, and notes what of it is over.
func (x *session) disturb(rng *rand.Rand) {
	h := x.h
	c, err := x.s.Dial()
	if err != nil {
		return
	}
	defer c.Close()
	var saving time.Time // when a save that is under way was asked for
	var floor []int
	saved := int64(0)
	for {
		select {
		case <-x.stop:
			return
		case <-time.After(time.Duration(rng.IntN(12)) * time.Millisecond):
		}
		r, err := c.Do("INFO", "persistence")
		if err != nil {
			return
		}
		if !saving.IsZero() && field(r.Str, "rdb_bgsave_in_progress") == "0" {
			if field(r.Str, "rdb_last_bgsave_status") == "ok" && number(field(r.Str, "rdb_saves")) > saved {
				h.rdb = Source{h.hist.last(), floor}
				h.note("saved up to %v", floor)
			}
			saving = time.Time{}
		}
		x.mu.Lock()
		if h.on && !x.counts && field(r.Str, "aof_rewrite_in_progress") == "0" && field(r.Str, "aof_rewrite_scheduled") == "0" && field(r.Str, "aof_enabled") == "1" {
			x.counts, x.until = true, time.Time{}
			h.note("the log counts")
		}
		x.mu.Unlock()
		saved = number(field(r.Str, "rdb_saves"))
		now := time.Now()
		switch n := rng.IntN(100); {
		case n < 15:
			acked := h.hist.ackedBy(now)
			if r, err = c.Do("BGSAVE"); err != nil {
				return
			}
			if r.Kind == '+' && strings.HasSuffix(r.Str, "started") {
				saving, floor = now, acked
				h.tally.Saves.Add(1)
			}
		case n < 18:
			acked := h.hist.ackedBy(now)
			if r, err = c.Do("SAVE"); err != nil {
				return
			}
			if r.Kind == '+' {
				h.rdb = Source{h.hist.last(), acked}
				h.note("SAVE up to %v", acked)
				h.tally.Saves.Add(1)
			}
		case n < 40:
			if r, err = c.Do("BGREWRITEAOF"); err != nil {
				return
			}
			h.tally.Rewrites.Add(1)
		case n < 43:
			if !x.toggle(c) {
				return
			}
		}
	}
}

// toggle switches appendonly. It reports false when the server is gone.
func (x *session) toggle(c *live.Conn) bool {
	h := x.h
	x.h.tally.Toggles.Add(1)
	if !h.on {
		r, err := c.Do("CONFIG", "SET", "appendonly", "yes")
		if err == nil && r.Kind == '+' {
			x.mu.Lock()
			h.on = true
			x.mu.Unlock()
			h.note("appendonly yes")
		}
		return err == nil
	}
	x.mu.Lock()
	x.until = time.Now()
	x.mu.Unlock()
	acked := h.hist.ackedBy(x.until)
	h.note("appendonly no is asked for")
	r, err := c.Do("CONFIG", "SET", "appendonly", "no")
	if err != nil || r.Kind != '+' {
		return err == nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.counts {
		h.aof = Source{h.hist.last(), acked}
	}
	h.on, x.counts = false, false
	h.note("appendonly no")
	return true
}

func field(info, name string) string {
	_, rest, _ := strings.Cut(info, "\n"+name+":")
	v, _, _ := strings.Cut(rest, "\r\n")
	return v
}

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

// end waits until a moment for the end of the server has come. It may ask the server to end by itself.
func (x *session) end(aim string, most time.Duration) {
	h := x.h
	switch {
	case strings.HasPrefix(aim, "SHUTDOWN"):
		time.Sleep(time.Duration(h.rng.Int64N(int64(most))))
		if c, err := x.s.Dial(); err == nil {
			x.mu.Lock()
			x.asked, x.saves = time.Now(), aim == "SHUTDOWN SAVE" || aim == "SHUTDOWN" && h.saves
			x.mu.Unlock()
			c.Send(strings.Fields(aim)...)
			defer c.Close()
		}
		time.Sleep(time.Duration(h.rng.IntN(40)) * time.Millisecond)
	case aim != "":
		times := 1 + h.rng.IntN(3)
		for over := time.After(most + 300*time.Millisecond); times > 0; {
			select {
			case name := <-h.events:
				if strings.Contains(name, aim) {
					times--
				}
			case <-over:
				times = 0
			}
		}
		if h.rng.IntN(2) == 0 {
			time.Sleep(time.Duration(h.rng.IntN(3000)) * time.Microsecond)
		}
	default:
		time.Sleep(time.Duration(h.rng.Int64N(int64(most))))
	}
}

// over takes over what the files must hold when the server has ended at a time, from when on answers count no more. spans are the
// syncs of the disk, if they are known.
func (x *session) over(at time.Time, power bool, spans []span, gone bool) error {
	h := x.h
	close(x.stop)
	x.all.Wait()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.failure != nil && x.failAt.Before(at) && x.asked.IsZero() {
		return x.failure
	}
	if gone && x.saves {
		h.rdb = Source{h.hist.last(), h.hist.ackedBy(x.asked)}
	}
	if h.counted = h.on && x.counts; !h.counted {
		return nil
	}
	limit := at
	switch {
	case gone:
	case power && h.policy == "no":
		return nil // what was loaded is there, and nothing more is said
	case power && h.policy == "everysec":
		// The last second, and the syncs under way. A program may come late by as much as the machine is busy.
		limit = at.Add(-time.Second - 700*time.Millisecond - 2*longest(spans, at.Add(-4*time.Second), at))
	case h.policy == "everysec" && h.disk != nil:
		// What waits for a sync under way. It is written as soon as that is over.
		for _, s := range spans {
			if (s.over.IsZero() || at.Sub(s.over) < 100*time.Millisecond) && s.begun.Before(limit) {
				limit = s.begun
			}
		}
	case h.policy == "everysec":
		limit = at.Add(-2500 * time.Millisecond)
	}
	if !x.until.IsZero() && x.until.Before(limit) {
		limit = x.until
	}
	floor := h.hist.ackedBy(limit)
	if !power && h.policy == "everysec" && h.disk == nil {
		if err := h.written(floor); err != nil {
			return err
		}
	}
	h.aof = Source{h.hist.last(), floor}
	h.note("the log must have %v", floor)
	return nil
}

// longest returns how long the longest sync between two times took.
func longest(spans []span, from, to time.Time) (most time.Duration) {
	for _, s := range spans {
		if s.over.IsZero() {
			s.over = to
		}
		if s.over.After(from) {
			most = max(most, s.over.Sub(s.begun))
		}
	}
	return most
}

var (
	increment = regexp.MustCompile(`(?m)^file (\S+) seq \d+ type i$`)
	seqOp     = regexp.MustCompile(`\$6\r\nw(\d):seq\r\n\$\d+\r\n(\d+)\r\n`)
)

// written raises the floor to what lies in the files of the log. The last op of each writer may be there by half.
func (h *house) written(floor []int) error {
	dir := filepath.Join(h.dir, "appendonlydir")
	manifest, err := os.ReadFile(filepath.Join(dir, "appendonly.aof.manifest"))
	if err != nil {
		return err
	}
	for _, m := range increment.FindAllSubmatch(manifest, -1) {
		b, err := os.ReadFile(filepath.Join(dir, string(m[1])))
		if err != nil {
			return err
		}
		for _, m := range seqOp.FindAllSubmatch(b, -1) {
			w, _ := strconv.Atoi(string(m[1]))
			n, _ := strconv.Atoi(string(m[2]))
			if before := n - 1; before > floor[w] && before >= h.hist.runs[h.hist.last()].done[w].first {
				floor[w] = before
			}
		}
	}
	return nil
}

// startAndKill starts a server and kills it at once, in the midst of loading perhaps.
func (h *house) startAndKill() error {
	s, err := live.Launch("granary", h.bin, h.args()...)
	if err != nil {
		return err
	}
	time.Sleep(time.Duration(h.rng.IntN(60)) * time.Millisecond)
	if err := end(s); err != nil {
		return err
	}
	h.note("killed at its start")
	h.tally.StartKills.Add(1)
	return nil
}

// tear puts a part of a request, or of a transaction, behind the log.
func (h *house) tear() error {
	dir := filepath.Join(h.dir, "appendonlydir")
	manifest, err := os.ReadFile(filepath.Join(dir, "appendonly.aof.manifest"))
	if err != nil {
		return nil // there is no log
	}
	all := increment.FindAllSubmatch(manifest, -1)
	if len(all) == 0 {
		return nil
	}
	f, err := os.OpenFile(filepath.Join(dir, string(all[len(all)-1][1])), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	b := live.AppendCommand(nil, "MULTI")
	b = live.AppendCommand(b, "SET", key(0, "seq"), "999999")
	b = live.AppendCommand(b, "SET", key(0, "s"), "half")
	h.tally.Torn.Add(1)
	h.note("a torn tail")
	_, err = f.Write(b[:1+h.rng.IntN(len(b))])
	return err
}
