package crash

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"granary/tests/live"
)

var (
	kills     = flag.Int("kills", 60, "how often servers are killed")
	cuts      = flag.Int("cuts", 60, "how often the power fails")
	snapshots = flag.Int("snapshots", 24, "how many snapshots are looked at")
	only      = flag.Int("dir", -1, "the one directory to run, to repeat a failure")
	workers   = flag.Int("workers", 2, "how many directories at a time")
	needFUSE  = flag.Bool("fuse", false, "fail where there is no FUSE")
)

// perHouse is how many ends a directory sees.
const perHouse = 8

func granary(t *testing.T) string {
	t.Helper()
	bin, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// houses runs directories, each with a seed of its own, until there were as many kills or failures of power as are wanted.
func houses(t *testing.T, power bool) {
	t.Helper()
	bin, seed := granary(t), live.Seed(t)
	tally := &Tally{}
	enough := func() bool {
		if power {
			return tally.Cuts.Load() >= int64(*cuts)
		}
		return tally.Kills.Load()+tally.StartKills.Load() >= int64(*kills)
	}
	first, many := 0, 1<<30
	if *only >= 0 {
		first, many = *only, 1
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	began := time.Now()
	for range *workers {
		wg.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				k := first + n
				if n >= many || enough() || t.Failed() {
					return
				}
				if err := oneHouse(t, bin, seed+uint64(k), power, tally); err != nil {
					t.Errorf("directory %d: %v\nto repeat: GRANARY_SEED=%d go test -run %s -dir %d", k, err, seed, t.Name(), k)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%v: %s", time.Since(began).Round(time.Second), tally)
}

// oneHouse runs a directory.
func oneHouse(t *testing.T, bin string, seed uint64, power bool, tally *Tally) error {
	top := t.TempDir()
	var disk *Disk
	dir := top
	if power {
		disk = NewDisk(seed, seed%3 == 0)
		unmount, err := Mount(disk, top)
		if err != nil {
			return err
		}
		defer func() {
			if err := unmount(); err != nil {
				t.Error(err)
			}
		}()
		dir = filepath.Join(top, "0")
	}
	h := newHouse(seed, bin, dir, disk, tally)
	if !power {
		stop, err := watch(dir, h.tell)
		if err != nil {
			return err
		}
		defer stop()
	}
	damaged := false
	for i := range perHouse {
		var err error
		if damaged, err = h.live(i, damaged, power); errors.Is(err, errOver) {
			return nil
		} else if err != nil {
			return fmt.Errorf("end %d: %w\n%s", i, err, strings.Join(h.log, "\n"))
		}
	}
	s, err := h.inhabit(damaged)
	if errors.Is(err, errOver) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("at the last start: %w\n%s", err, strings.Join(h.log, "\n"))
	}
	return end(s)
}

// aims are names whose change is a moment to end a server at; "": any moment.
var aims = []string{
	"", "", "", "", "temp-rewriteaof", "temp-", ".rdb", "manifest", "manifest", ".incr.aof", "base", "temp-appendonly.aof.incr",
	"SHUTDOWN", "SHUTDOWN SAVE", "SHUTDOWN NOSAVE",
}

// live is a server from its start to its end.
func (h *house) live(i int, damaged, power bool) (nowDamaged bool, err error) {
	if i > 0 && h.rng.IntN(6) == 0 {
		if h.on && h.rng.IntN(2) == 0 {
			s, err := h.inhabit(damaged) // so that there is no torn tail yet
			if err != nil {
				return false, err
			}
			if err := end(s); err != nil {
				return false, err
			}
			if err := h.tear(); err != nil {
				return false, err
			}
			damaged = false
		}
		if err := h.startAndKill(); err != nil {
			return false, err
		}
	}
	s, err := h.inhabit(damaged)
	if err != nil {
		return false, err
	}
	defer end(s)
	most := 120 * time.Millisecond
	if power && h.policy == "everysec" && h.on && h.rng.IntN(3) == 0 {
		most = 5 * time.Second
	}
	x := h.work(s)
	aim := aims[h.rng.IntN(len(aims))]
	x.end(aim, most)
	if !power || h.rng.IntN(5) == 0 {
		var spans []span
		at := time.Now()
		if power {
			spans = h.disk.Syncs()
		}
		orderly := gone(s)
		if err := s.Kill(patience); err != nil {
			return false, err
		}
		h.note("killed, aimed at %q, gone %v", aim, orderly)
		h.count(orderly, false)
		return false, x.over(at, false, spans, orderly)
	}
	orderly := gone(s)
	at, spans := h.disk.Fail()
	if err := s.Kill(patience); err != nil {
		return false, err
	}
	what := Remains(h.rng.IntN(int(remainsCount)))
	h.note("the power failed, aimed at %q, gone %v, what remains: %s", aim, orderly, what)
	h.count(orderly, true)
	err = x.over(at, true, spans, orderly)
	h.disk.Cut(what)
	h.dir = filepath.Join(filepath.Dir(h.dir), fmt.Sprint(i+1))
	return what == Zeros || what == Subset || h.policy == "no", err // which writes a new increment though the old one is not synced
}

func (h *house) count(gone, power bool) {
	if gone {
		h.tally.Ends.Add(1)
	}
	switch {
	case power:
		h.tally.Cuts.Add(1)
	case !gone:
		h.tally.Kills.Add(1)
	}
}

// TestKills kills servers at random moments.
func TestKills(t *testing.T) { houses(t, false) }

// tryFUSE tells why there is no FUSE.
func tryFUSE(dir string) error {
	if _, err := os.Stat("/dev/fuse"); err != nil {
		return err
	}
	unmount, err := Mount(NewDisk(0, false), dir)
	if err != nil {
		return err
	}
	return unmount()
}

// TestCuts has the power fail at random moments.
func TestCuts(t *testing.T) {
	if err := tryFUSE(t.TempDir()); err != nil {
		if *needFUSE {
			t.Fatalf("failures of power need /dev/fuse: %v", err)
		}
		t.Logf("no failures of power are tested: %v", err)
		return
	}
	houses(t, true)
}
